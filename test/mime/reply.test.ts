// What of a text is new, what of its HTML is safe, and who wrote it: a person or a machine.
import t from 'tap'
import { sanitizeHtml } from '../../src/intake/mime/html.js'
import { htmlToPlainText } from '../../src/intake/mime/html-text.js'
import { normalise } from '../../src/intake/mime/normalise.js'
import { splitReply } from '../../src/intake/mime/reply.js'
import { cleanStyle } from '../../src/intake/mime/style.js'

const QUOTE = '> How are you?\n> Bob'
const OUTLOOK = (from: string, sent: string, to: string, subject: string) =>
  `${from}: Desk <desk@firma.example>\n${sent}: 2 March 2026 09:00\n${to}: Nina\n${subject}: Printer\n\nold words`

t.test('an announced quote under the answer is folded in every language', async (t) => {
  const intros = [
    'On Mon, Mar 2, 2026 at 9:15 AM Bob <bob@firma.example> wrote:',
    'On 2 Mar 2026, at 09:15, Bob wrote:',
    'Am 02.03.2026 um 09:15 schrieb Bob:',
    'Bob <bob@firma.example> schrieb am Mo., 2. März 2026, 09:15:',
    'Le lun. 2 mars 2026 à 09:15, Bob <bob@firma.example> a écrit :',
    'El lun, 2 mar 2026 a las 9:15, Bob (<bob@firma.example>) escribió:',
    'Il giorno lun 2 mar 2026 alle ore 09:15 Bob <bob@firma.example> ha scritto:',
    'Op ma 2 mrt 2026 om 09:15 schreef Bob <bob@firma.example>:',
    'Den mån 2 mars 2026 kl 09:15 skrev Bob <bob@firma.example>:',
    'Em seg., 2 de mar. de 2026 às 09:15, Bob <bob@firma.example> escreveu:',
    'pon., 2 mar 2026 o 09:15 Bob <bob@firma.example> napisał(a):',
    'Dne po 2. 3. 2026 9:15 uživatel Bob <bob@firma.example> napsal:',
    'пн, 2 мар. 2026 г. в 09:15, Bob <bob@firma.example>:',
    '2026年3月2日(月) 9:15 Bob <bob@firma.example>:',
    '在 2026年3月2日，09:15，Bob <bob@firma.example> 写道：',
  ]
  for (const intro of intros) {
    const text = `Fine, thanks.\n\n${intro}\n${QUOTE}\n`
    const { reply, folded } = splitReply(text)
    t.equal(reply, 'Fine, thanks.', intro)
    t.match(folded, [{ kind: 'quote', start: 15, end: text.length }])
  }
})

t.test('an announcement wrapped over lines is folded whole', async (t) => {
  t.equal(
    splitReply(
      `Yes.\n\nOn Mon, Mar 2, 2026 at 9:15 AM A Very Long Name of the Desk <\ndesk@firma.example>\nwrote:\n\n${QUOTE}`,
    ).reply,
    'Yes.',
  )
  t.equal(
    splitReply(`At 10:30 it works.\nAm 02.03.2026 um 09:15 schrieb "Bob" <bob@firma.example\n>:\n\n${QUOTE}`)
      .reply,
    'At 10:30 it works.',
  )
})

t.test('a pasted header block or an original message line folds what is below it', async (t) => {
  for (const block of [
    OUTLOOK('From', 'Sent', 'To', 'Subject'),
    OUTLOOK('Von', 'Gesendet', 'An', 'Betreff'),
    OUTLOOK('De', 'Envoyé', 'À', 'Objet'),
    OUTLOOK('Van', 'Verzonden', 'Aan', 'Onderwerp'),
    OUTLOOK('*From', '*Sent', '*To', '*Subject'),
    '-----Original Message-----\nold words',
    `________________________________\n${OUTLOOK('From', 'Date', 'To', 'Subject')}`,
  ]) {
    t.equal(splitReply(`It works.\n\n${block}`).reply, 'It works.', block.slice(0, 30))
  }
})

t.test('typed text below or between quotes stays visible', async (t) => {
  t.equal(splitReply(`On 2 Mar 2026, at 09:15, Bob wrote:\n${QUOTE}\n\nFine.`).reply, 'Fine.')
  const inline = '> First?\n\nYes.\n\n> Second?\n\nNo.'
  t.same(splitReply(inline), { reply: inline, folded: [] })
  t.match(splitReply(`> one\nanswer one\n> two\nanswer two`).reply, /answer one[\s\S]*answer two/)
  t.match(splitReply('As you wrote:\nthe printer is broken.\nIt is not.').reply, /It is not/)
  t.match(splitReply('Hi,\nOn 2 March 2026 you wrote:\nit works.\nIt does not.').reply, /It does not/)
})

t.test('a text that would be folded away whole is shown whole', async (t) => {
  for (const text of [QUOTE, 'Sent from my iPhone', '-- \nNina', 'On 2 Mar 2026, Bob wrote:\n> x'])
    t.same(splitReply(text), { reply: text, folded: [] })
  t.equal(splitReply('').reply, '')
})

t.test('a forwarded mail is what the sender wants read', async (t) => {
  const text =
    'FYI\n\n---------- Forwarded message ---------\nFrom: Kim <kim@x.example>\nDate: Mon, Mar 2, 2026\nSubject: Broken\nTo: <nina@kunde.example>\n\nIt broke.'
  t.equal(splitReply(text).reply, text)
})

t.test('signatures are folded, lists and rulers in a text are not', async (t) => {
  t.match(splitReply('Hello\n\n-- \nNina\nKunde AG'), { reply: 'Hello', folded: [{ kind: 'signature' }] })
  t.equal(splitReply('Hello\n\nSent from my iPhone').reply, 'Hello')
  t.equal(splitReply('Hallo\n\nVon meinem iPhone gesendet').reply, 'Hallo')
  t.equal(
    splitReply('Please call me today.\n\nNina Berg\nnina@kunde.example\n+49 30 1234567\nwww.kunde.example')
      .reply,
    'Please call me today.',
  )
  for (const text of [
    'Choose:\n-- first\n-- second',
    'one\n\n-----\n\ntwo',
    'Sent from the warehouse yesterday, still not here.',
    'Thanks,\nNina',
  ])
    t.equal(splitReply(text).reply, text)
})

t.test('what html can do to a reader is taken out of it', async (t) => {
  const { html } = sanitizeHtml(
    '<base href=x><form action=/x><input name=p></form><svg onload=x()><style>p{}</style><iframe src=x></iframe>' +
      '<a href="javascript:x()" name="top">a</a><a href="https://x.example">b</a><img src="data:image/png;base64,AA" onerror=x()>' +
      '<img src="//t.example/p.gif"><p id=login class=x style="position:fixed;color:red;background:url(x)">c</p><math><mi>',
  )
  t.equal(
    html,
    '<a>a</a><a href="https://x.example" target="_blank" rel="noopener noreferrer nofollow">b</a><img /><img data-remote-src="https://t.example/p.gif" /><p style="color:red">c</p>',
  )
  t.equal(
    cleanStyle(
      'color:expression(alert(1));width:1px/**/;margin:-10px;font-family:"A B", serif;background:\\75rl(x)',
    ),
    'font-family:"A B", serif',
  )
})

t.test('html becomes text with its quotes marked', async (t) => {
  t.equal(
    htmlToPlainText('<p>new <b>words</b></p><blockquote>old</blockquote><script>x</script>').trim(),
    'new words\n\n> old',
  )
})

t.test('machines are told from people by the first rule that holds', async (t) => {
  const by = async (headers: string, subject = 'Printer', from = 'nina@kunde.example') => {
    const { automatic, automaticBy } = await normalise(
      Buffer.from(`From: ${from}\r\nSubject: ${subject}\r\n${headers}\r\nhello\r\n`),
    )
    return automatic && `${automatic} by ${automaticBy}`
  }
  t.equal(await by(''), null)
  t.equal(await by('Auto-Submitted: auto-generated\r\n'), 'bulk by auto-submitted')
  t.equal(
    await by('Auto-Submitted: auto-generated\r\n', 'Automatic reply: Printer'),
    'auto-reply by auto-submitted with a vacation subject',
  )
  t.equal(await by('X-Auto-Response-Suppress: All\r\n'), 'bulk by x-auto-response-suppress')
  t.equal(await by('Precedence: auto_reply\r\n'), 'auto-reply by precedence: auto_reply')
  t.equal(await by('X-Loop: desk\r\n'), 'auto-reply by x-loop')
  t.equal(await by('Return-Path: <>\r\n'), 'auto-reply by null sender')
  t.equal(await by('X-Failed-Recipients: gone@x.example\r\n'), 'bounce by x-failed-recipients')
  t.equal(await by('', 'Hello', 'no-reply@shop.example'), 'bulk by from a no-reply address')
  t.equal(await by('', 'Re: my out of office question'), null)
})
