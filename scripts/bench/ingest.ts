// Mails that lie in the spool until each has its end state in the database, by the real server, beside the bare
// simpleParser of mailparser over the same mails, one after the other. Each run has a process of its own.
// `node dist/scripts/bench/ingest.js [folder of .eml files] [rounds]`; without a folder it makes 500 mails.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import iconv from 'iconv-lite'
import { simpleParser } from 'mailparser'
import { figure, headline, INBOX, makeDesk, median, openDesk, say, start, withFolder } from './common.js'

const MAILS = 500

async function measure(given: string | undefined, rounds: number) {
  await withFolder(async (dir) => {
    const corpus = given ?? makeCorpus(path.join(dir, 'corpus'))
    const count = mailsOf(corpus).length
    const rates = { desk: [] as number[], parser: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      const data = path.join(dir, `desk-${round}`)
      await makeDesk(data)
      await start(import.meta.filename, 'fill', data, corpus)
      rates.desk.push(count / (await start<number>(import.meta.filename, 'desk', data, `${count}`)))
      rates.parser.push(count / (await start<number>(import.meta.filename, 'parser', corpus)))
    }
    headline(`${count} mails from the spool to their end state, ${rounds} rounds`)
    figure('frontdesk', `${median(rates.desk).toFixed(0)} /s`)
    figure('bare simpleParser, one process', `${median(rates.parser).toFixed(0)} /s`)
    figure(
      'ratio (goal: 0.50 or more)',
      median(rates.desk.map((rate, at) => rate / rates.parser[at]!)).toFixed(2),
    )
  })
}

const mailsOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .sort()
    .map((name) => path.join(folder, name))

async function fillSpool(dir: string, corpus: string) {
  const app = await openDesk(dir, 'web')
  await app.spool.putMany(mailsOf(corpus).map((file) => ({ raw: readFileSync(file), inbox: INBOX })))
  await app.stop()
  say('filled')
}

/** Seconds from the start of the server to the last end state. */
async function runDesk(dir: string, count: number) {
  const app = await openDesk(dir, 'worker,intake')
  const began = performance.now()
  await app.start()
  const finished = sql`select count(*) as done from intakes where state <> 'received'`
  for (let done = 0; done < count; await new Promise((resolve) => setTimeout(resolve, 20)))
    done = (await app.db.rows<{ done: number }>(finished))[0]!.done
  const seconds = (performance.now() - began) / 1000
  const states = await app.db.rows(sql`select state, count(*) as mails from intakes group by state`)
  if (process.env.VERBOSE) console.log(seconds, JSON.stringify(states))
  await app.stop()
  say(seconds)
}

async function runParser(corpus: string) {
  const mails = mailsOf(corpus).map((file) => readFileSync(file))
  const began = performance.now()
  for (const raw of mails) await simpleParser(raw)
  say((performance.now() - began) / 1000)
}

/** 60 % plain, 25 % with HTML, 10 % with a file, 5 % answers, in the charsets and encodings of real mail. */
function makeCorpus(folder: string): string {
  mkdirSync(folder)
  for (let index = 0; index < MAILS; index++) {
    const file = path.join(folder, `${String(index).padStart(5, '0')}.eml`)
    writeFileSync(file, makeMail(index))
  }
  return folder
}

const sentences = [
  ['us-ascii', 'The printer on the second floor does not print any more.'],
  ['iso-8859-1', 'Könnten Sie bitte die Adresse ändern? Merci d’avance.'.replace('’', "'")],
  ['utf-8', 'Grüße aus Köln — der Zugang ist gesperrt 🔒. Ο εκτυπωτής δεν λειτουργεί.'],
  ['koi8-r', 'Пожалуйста, проверьте мой заказ как можно скорее.'],
  ['gb2312', '您好，我的订单还没有收到，请帮我查询一下。'],
] as const

function makeMail(index: number): Buffer {
  const [charset, sentence] = sentences[index % sentences.length]!
  const part = index % 20
  const kind = part < 12 ? 'plain' : part < 17 ? 'html' : part < 19 ? 'file' : 'answer'
  const size = 1000 + ((index * 997) % 3000)
  const lines = `Case ${index}\n\n${`${sentence}\n`.repeat(Math.ceil(size / sentence.length))}`
  const text = leaf('text/plain', charset, lines, index % 2 === 0 && charset !== 'us-ascii')
  const header = [
    'Received: from mx.customer.example (mx.customer.example [192.0.2.1]) by mail.desk.example with ESMTP',
    `From: "Guest ${index % 200}" <guest${index % 200}@customer.example>`,
    `To: <${INBOX}>`,
    `Date: ${new Date(Date.UTC(2026, 0, 5, 8) + index * 60_000).toUTCString()}`,
    `Message-ID: <${index}@mail.customer.example>`,
    `Subject: =?${charset}?B?${iconv.encode(`${sentence.slice(0, 20)} ${index}`, charset).toString('base64')}?=`,
    'MIME-Version: 1.0',
    // An answer to the first mail that the same guest sent.
    ...(kind === 'answer' && index >= 200 ? [`In-Reply-To: <${index % 200}@mail.customer.example>`] : []),
  ].join('\n')
  if (kind === 'plain' || kind === 'answer') return Buffer.from(`${header}\n${text}`, 'latin1')
  const [type, other] =
    kind === 'html'
      ? ['alternative', leaf('text/html', charset, pageOf(sentence, 5_000 + ((index * 7919) % 25_000)), true)]
      : ['mixed', attachment(index, 50_000 + ((index * 7919) % 150_000))]
  const between = `--=_${index}\n`
  const mail = `${header}\nContent-Type: multipart/${type}; boundary="=_${index}"\n\n${between}${text}\n${between}${other}\n--=_${index}--\n`
  return Buffer.from(mail, 'latin1')
}

const pageOf = (sentence: string, size: number) =>
  `<html><head><style>p{margin:0}</style></head><body>${`<p style="color:#333;font-size:14px">${sentence}</p>\n`.repeat(
    Math.ceil(size / (sentence.length + 45)),
  )}<a href="https://customer.example/?a=1&amp;b=2">our site</a></body></html>\n`

function leaf(type: string, charset: string, text: string, base64: boolean): string {
  const bytes = iconv.encode(text, charset)
  const encoded = base64 ? wrapped(bytes) : bytes.toString('latin1')
  return `Content-Type: ${type}; charset=${charset}\nContent-Transfer-Encoding: ${base64 ? 'base64' : '8bit'}\n\n${encoded}`
}

function attachment(index: number, size: number): string {
  const bytes = Buffer.alloc(size, `%PDF-1.4 ${index} `)
  return `Content-Type: application/pdf\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="report-${index}.pdf"\n\n${wrapped(bytes)}`
}

const wrapped = (bytes: Buffer) => bytes.toString('base64').replace(/.{76}/g, '$&\n')

const [role, ...rest] = process.argv.slice(2)
if (role === 'fill') await fillSpool(rest[0]!, rest[1]!)
else if (role === 'desk') await runDesk(rest[0]!, Number(rest[1]))
else if (role === 'parser') await runParser(rest[0]!)
else await measure(role, Number(rest[0] ?? 5))
