// bin/frontdesk-pipe as a mail server meets it: what it stores, whole or not at all.
import fs from 'node:fs'
import path from 'node:path'
import t from 'tap'
import {
  deliver,
  files,
  findTool,
  finished,
  header,
  inbox,
  mail,
  newFolder,
  refused,
  start,
  waiting,
  wipe,
} from '../support/pipe.js'

t.test(
  'a mail lies whole in the spool, readable by its owner only, under a name that ends in the inbox',
  async (t) => {
    const data = newFolder()
    t.same(deliver(data, mail), { code: 0, out: '' })
    const [name] = files(data, 'new')
    t.match(name, /^[^,]+,support@desk\.invalid$/)
    t.same(files(data, 'tmp'), [name], 'the name stays reserved until the server took the mail')
    t.same(waiting(data), [mail])
    const { mode, nlink } = fs.statSync(path.join(data, 'spool/new', name!))
    t.same([mode & 0o777, nlink], [0o600, 2])
    t.equal(fs.statSync(path.join(data, 'spool/new')).mode & 0o777, 0o700)
  },
)

t.test('every byte is kept', async (t) => {
  const data = newFolder()
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 255))
  t.equal(deliver(data, Buffer.concat([Buffer.from(mail), bytes])).code, 0)
  t.same(Buffer.from(waiting(data)[0]!, 'latin1').subarray(mail.length), bytes)
})

t.test(
  'sender and recipient become delivery headers, also null, beginning with - or in an exotic spelling',
  async (t) => {
    const cases: [string[], string][] = [
      [['--sender=ann@customer.invalid'], 'Return-Path: <ann@customer.invalid>\n'],
      [
        ['--sender', 'ann@customer.invalid', '--recipient', inbox],
        `Return-Path: <ann@customer.invalid>\nDelivered-To: ${inbox}\n`,
      ],
      [['--sender='], 'Return-Path: <>\n'],
      [['--sender', ''], 'Return-Path: <>\n'],
      [['--sender', '--inbox', '--recipient=-f=x@y'], 'Return-Path: <--inbox>\nDelivered-To: -f=x@y\n'],
      [
        ["--sender=o'brien=x$(id)`id`*@customer.invalid"],
        "Return-Path: <o'brien=x$(id)`id`*@customer.invalid>\n",
      ],
      [
        ['--recipient=jürgen@desk.invalid'],
        `Delivered-To: ${Buffer.from('jürgen').toString('latin1')}@desk.invalid\n`,
      ],
    ]
    for (const [args, expected] of cases) {
      const data = newFolder()
      t.same(deliver(data, mail, { args: [...args, '--inbox', inbox] }), { code: 0, out: '' })
      t.same(waiting(data), [expected + mail], args.join(' '))
    }
  },
)

t.test('an address that could break out of its header line is left out, and the mail is taken', async (t) => {
  for (const evil of [
    'a@b\nBcc: c@d',
    'a@b\rX: y',
    'a b@c',
    'a@b> <c',
    '"a@b',
    'a@\x7fb',
    'a\t@b',
    'a\\@b',
    'x'.repeat(501),
  ]) {
    const data = newFolder()
    const args = [`--sender=${evil}`, `--recipient=${evil}`, `--inbox=${inbox}`]
    t.same(deliver(data, mail, { args }), { code: 0, out: '' })
    t.same(waiting(data), [mail], JSON.stringify(evil.slice(0, 20)))
  }
})

t.test('forty at once are forty mails', async (t) => {
  const data = newFolder()
  const texts = Array.from({ length: 40 }, (_, i) => `${header}\nmail ${i}\n${'x'.repeat(i * 1000)}`)
  const results = await Promise.all(
    texts.map((text) => {
      const child = start(data)
      child.stdin.end(text)
      return finished(child)
    }),
  )
  t.same(
    results,
    texts.map(() => ({ code: 0, out: '' })),
  )
  t.same(waiting(data).sort(), texts.sort())
})

t.test('killed at any moment, it leaves the whole mail or none', async (t) => {
  const data = newFolder()
  const text = mail + 'line\n'.repeat(40_000)
  let killed = 0
  for (let i = 0; i < 40; i++) {
    const child = start(data, {}, { detached: true })
    const end = finished(child)
    child.stdin.end(text)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 25))
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {} // it was faster
    const { code } = await end
    if (code !== 0) killed += 1
    else t.ok(files(data, 'new').length > 0, 'exit 0 means it is there')
    for (const found of waiting(data)) if (found !== text) t.fail('half a mail was published')
    wipe(data)
  }
  t.comment(`${killed} of 40 were killed`)
  t.equal(deliver(data, text).code, 0, 'what was left behind is in nobody’s way')
})

t.test('every shell of this machine runs it alike', async (t) => {
  const shells = [['sh'], ['dash'], ['bash'], ['busybox', 'ash'], ['ksh'], ['mksh'], ['yash']].filter(
    ([command]) => findTool(command!) !== undefined,
  )
  for (const shell of shells) {
    const data = newFolder()
    const args = ['--inbox', "o'b`x@b", '--sender=', '--recipient', '-a@b']
    t.same(deliver(data, mail, { under: shell, args }), { code: 0, out: '' }, shell.join(' '))
    t.same(waiting(data), [`Return-Path: <>\nDelivered-To: -a@b\n${mail}`])
    wipe(data)
    refused(t, data, deliver(data, 'From: a@b\n', { under: shell }), `${shell}: torso`)
    refused(
      t,
      data,
      deliver(data, mail.repeat(99), { under: shell, env: { FRONTDESK_PIPE_MAX_BYTES: '4096' } }),
      `${shell}: too large`,
    )
    refused(t, data, deliver('/proc/x', mail, { under: shell }), `${shell}: no folder`)
    refused(
      t,
      data,
      deliver(data, mail, { under: ['sh', '-c', 'exec "$@" <&-', '-', ...shell] }),
      `${shell}: no stdin`,
    )
  }
  t.comment(`shells: ${shells.join(', ')}`)
})
