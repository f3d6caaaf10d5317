// Whatever goes wrong, bin/frontdesk-pipe never answers anything that bounces a mail.
import fs from 'node:fs'
import path from 'node:path'
import t from 'tap'
import {
  deliver,
  files,
  finished,
  header,
  inbox,
  installation,
  isRoot,
  launcher,
  mail,
  newFolder,
  nobody,
  refused,
  start,
  tools,
  until,
  waiting,
  wipe,
} from '../support/pipe.js'

t.test('faults of usage and of settings are temporary', async (t) => {
  const data = newFolder()
  const usage = [
    [],
    ['--inbox'],
    ['--help'],
    ['--inbox', inbox, '--verbose'],
    ['--inbox', inbox, 'file'],
    ['--inbox', inbox, '--sender'],
  ]
  for (const args of usage) refused(t, data, deliver(data, mail, { args }), `arguments ${args.join(' ')}`)
  const inboxes = [
    '',
    'support',
    '.@b',
    '../a@b',
    'a/b@c',
    'a@b,c',
    'a b@c',
    'a@b\n',
    'ä@b',
    '"a"@b',
    `${'a'.repeat(199)}@b`,
  ]
  for (const bad of inboxes)
    refused(t, data, deliver(data, mail, { args: ['--inbox', bad] }), `inbox ${JSON.stringify(bad)}`)
  for (const key of ['FRONTDESK_PIPE_MAX_BYTES', 'FRONTDESK_PIPE_TIMEOUT'])
    for (const bad of ['x', '-1', '0', '1.5', '1e3', '99999999999999999999', '$(id)'])
      refused(t, data, deliver(data, mail, { env: { [key]: bad } }), `${key}=${bad}`)
  const allowed = "a.b!#$%&'*+=?^_`{|}~-c@desk.invalid"
  t.equal(deliver(data, mail, { args: ['--inbox', allowed] }).code, 0)
  t.match(
    files(data, 'new')[0],
    new RegExp(`,${allowed.replace(/[^a-z@-]/g, '\\$&')}$`),
    'any other character of an address',
  )
})

const cuts: [text: string, taken: boolean, label: string][] = [
  [mail, true, 'header, blank line, text'],
  ['\n', true, 'a blank line alone'],
  ['Subject: no from\n\n', true, 'a blank line ends any header'],
  [header, true, 'a header alone, with From and Date'],
  [`From ann Mon Jan 5 10:00:00 2026\n${header}`, true, 'an mbox line before it'],
  [`FROM: a@b\ndate : x\n`, true, 'names in another spelling'],
  [header.slice(0, -1), false, 'the last line is cut'],
  [header.slice(0, 40), false, 'cut in Date'],
  ['From: ann@customer.invalid\n', false, 'no Date yet'],
  ['Date: x\nX-From: a@b\n', false, 'no From yet'],
  ['From ann Mon Jan 5 10:00:00 2026\nDate: x\n', false, 'an mbox line is not From'],
  ['F', false, 'one byte'],
]

t.test('a mail cut in its header is not taken, whatever its line ends are', async (t) => {
  const data = newFolder()
  for (const [text, taken, label] of cuts)
    for (const [name, end] of Object.entries({ LF: '\n', CRLF: '\r\n', CR: '\r' }))
      for (const sender of [[], ['--sender=a@b']]) {
        const result = deliver(data, text.replaceAll('\n', end), { args: ['--inbox', inbox, ...sender] })
        if (!taken) refused(t, data, result, `${label}, ${name}`)
        else t.same({ ...result, n: waiting(data).length }, { code: 0, out: '', n: 1 }, `${label}, ${name}`)
        wipe(data)
      }
  refused(t, data, deliver(data, header.replaceAll('\n', '\r\n').slice(0, -1)), 'cut between CR and LF')
})

t.test(
  'empty input is no mail and no fault, but success waits a second for the death of the mail server',
  async (t) => {
    const data = newFolder()
    const start = Date.now()
    t.same(deliver(data, '', { args: ['--inbox', inbox, '--sender=a@b'] }), {
      code: 0,
      out: 'no mail on stdin\n',
    })
    t.ok(Date.now() - start >= 1000)
    t.same([...files(data, 'new'), ...files(data, 'tmp')], [])
  },
)

t.test('a mail above the limit is put off, or refused where the administrator asked for it', async (t) => {
  const data = newFolder()
  const limit = { FRONTDESK_PIPE_MAX_BYTES: '10240' }
  const sized = (bytes: number): string => mail + 'x'.repeat(bytes - mail.length)
  refused(t, data, deliver(data, sized(10_241 + 512), { env: limit }), 'too large')
  const args = ['--inbox', inbox, '--sender=ann@customer.invalid', '--recipient', inbox]
  t.equal(deliver(data, sized(10_240), { env: limit, args }).code, 0, 'our own headers do not count')
  wipe(data)
  const final = deliver(data, sized(20_000), { env: { ...limit, FRONTDESK_PIPE_REFUSE: '1' } })
  t.same(final, { code: 65, out: '5.3.4 the mail is too large\n' })
  t.same([...files(data, 'new'), ...files(data, 'tmp')], [])
})

t.test('a writer that drips is given up at the time limit, with no process left behind', async (t) => {
  const data = newFolder()
  const child = start(data, { FRONTDESK_PIPE_TIMEOUT: '1' })
  child.stdin.write(mail)
  const drip = setInterval(() => child.stdin.write('x'), 50)
  const result = await finished(child)
  clearInterval(drip)
  refused(t, data, result, 'dripping')
})

t.test('signals end it with a temporary fault', async (t) => {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const) {
    const data = newFolder()
    const child = start(data)
    child.stdin.write(mail)
    await until(
      () =>
        files(data, 'tmp').length === 1 &&
        fs.statSync(path.join(data, 'spool/tmp', files(data, 'tmp')[0]!)).size > 0,
    )
    child.kill(signal)
    refused(t, data, await finished(child), signal)
  }
})

t.test('a full disk, a folder that is missing, read-only or a file: temporary', async (t) => {
  const data = newFolder()
  const big = mail + 'x'.repeat(100_000)
  refused(t, data, deliver(data, big, { under: ['sh', '-c', 'ulimit -f 8; exec "$0" "$@"'] }), 'disk full')
  refused(t, data, deliver(`${launcher}/data`, mail), 'below a file')
  refused(t, data, deliver('/proc/frontdesk', mail), 'cannot be made')

  const pipe = installation('')
  for (const part of ['tmp', 'new']) {
    const readOnly = newFolder()
    for (const name of ['tmp', 'new']) fs.mkdirSync(path.join(readOnly, 'spool', name), { recursive: true })
    if (isRoot)
      for (const name of ['.', 'tmp', 'new']) fs.chownSync(path.join(readOnly, 'spool', name), 65534, 65534)
    fs.chmodSync(path.join(readOnly, 'spool', part), 0o500)
    refused(t, readOnly, deliver(readOnly, mail, { pipe, ...nobody }), `${part} is read-only`)
  }
})

t.test('a command that is missing or fails: temporary, and nothing is published', async (t) => {
  const data = newFolder()
  const needed = ['timeout', 'dd', 'grep', 'ln', 'sync', 'rm', 'mkdir', 'wc', 'tr', 'tail', 'sleep']
  for (const missing of ['timeout', 'dd', 'grep', 'ln', 'sync', 'mkdir']) {
    const PATH = tools(needed.filter((name) => name !== missing))
    refused(
      t,
      newFolder(),
      deliver(path.join(newFolder(), 'data'), mail, { env: { PATH } }),
      `${missing} is missing`,
    )
    fs.mkdirSync(path.join(data, 'spool/tmp'), { recursive: true })
    fs.mkdirSync(path.join(data, 'spool/new'), { recursive: true })
    if (missing !== 'mkdir')
      refused(t, data, deliver(data, mail, { env: { PATH } }), `${missing} is missing, folders there`)
  }
  for (const missing of ['wc', 'tr', 'tail']) {
    const PATH = tools(needed.filter((name) => name !== missing))
    for (const torso of ['', 'From: a@b\n', 'From: a@b\rDate: x', header.slice(0, -1)])
      if (torso !== '' || missing === 'wc')
        refused(t, data, deliver(data, torso, { env: { PATH } }), `a torso without ${missing}`)
  }
  refused(
    t,
    data,
    deliver(data, '', { env: { PATH: tools(needed.filter((name) => name !== 'sleep')) } }),
    'no sleep',
  )
  const oldSync = tools(needed, 'sync', '[ "$#" -eq 0 ]')
  t.same(
    deliver(data, mail, { env: { PATH: oldSync } }),
    { code: 0, out: '' },
    'a sync without operands serves too',
  )
  wipe(data)
  const brokenDisk = tools(needed, 'sync', 'case $1 in */new) echo Input/output error; exit 1;; esac')
  refused(t, data, deliver(data, mail, { env: { PATH: brokenDisk } }), 'the folder cannot be synced')
})
