// bin/frontdesk-pipe as a mail server meets it: what it stores, and that it never answers anything that bounces a mail.
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseEnv } from 'node:util'
import t, { type Test } from 'tap'

type Run = { args?: string[]; env?: NodeJS.ProcessEnv; cwd?: string; under?: string[]; pipe?: string }
type Result = { code: number | null; out: string }

const launcher = path.resolve(import.meta.dirname, '../../../bin/frontdesk-pipe')
const isRoot = process.getuid?.() === 0
const nobody = isRoot ? { uid: 65534, gid: 65534 } : {}
const inbox = 'support@desk.invalid'
const header = 'From: ann@customer.invalid\nDate: Mon, 05 Jan 2026 10:00:00 +0000\nSubject: printer\n'
const mail = `${header}\nIt smokes.\n`

const base = fs.mkdtempSync(path.join(os.tmpdir(), 'frontdesk-pipe-'))
fs.chmodSync(base, 0o755)
t.teardown(() => fs.rmSync(base, { recursive: true, force: true }))

let folders = 0
/** Anybody may enter it, for the runs as another user. */
function newFolder(): string {
  const folder = path.join(base, `d${folders++}`)
  fs.mkdirSync(folder)
  fs.chmodSync(folder, 0o777)
  return folder
}

const plainEnv = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !key.startsWith('FRONTDESK_')),
)

function deliver(data: string, input: string | Buffer, run: Run & SpawnOptions = {}): Result {
  const { args = ['--inbox', inbox], env, under = [], pipe = launcher, ...options } = run
  const [command, ...rest] = [...under, pipe, ...args]
  const settings = { ...plainEnv, FRONTDESK_DATA: data, ...env }
  const { status, stdout, stderr } = spawnSync(command!, rest, {
    ...options,
    stdio: 'pipe',
    env: settings,
    input,
  })
  return { code: status, out: `${stdout}${stderr}` }
}

const files = (data: string, part: 'tmp' | 'new'): string[] => {
  const folder = path.join(data, 'spool', part)
  return fs.existsSync(folder) ? fs.readdirSync(folder) : []
}
const waiting = (data: string): string[] =>
  files(data, 'new').map((name) => fs.readFileSync(path.join(data, 'spool/new', name), 'latin1'))

function wipe(data: string): void {
  for (const part of ['tmp', 'new'] as const)
    for (const name of files(data, part)) fs.unlinkSync(path.join(data, 'spool', part, name))
}

/** The rule for every answer but success: 75, one short line that no mail server takes for a final refusal. */
function refused(t: Test, data: string, { code, out }: Result, label: string): void {
  t.equal(code, 75, `${label}: exit code`)
  t.match(out, /^4\.3\.\d [\x20-\x7e]{3,120}\n$/, `${label}: one line`)
  t.same([...files(data, 'new'), ...files(data, 'tmp')], [], `${label}: nothing is left in the spool`)
}

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

t.test('started through links and from any folder it finds its own installation', async (t) => {
  const pipe = installation('FRONTDESK_DATA=store\n')
  const root = path.dirname(path.dirname(pipe))
  const elsewhere = newFolder()
  fs.symlinkSync(path.relative(elsewhere, pipe), path.join(elsewhere, 'one'))
  fs.symlinkSync('one', path.join(elsewhere, 'two'))
  fs.symlinkSync(path.dirname(pipe), path.join(elsewhere, 'bin link'))
  for (const link of ['./two', path.join(elsewhere, 'one'), 'bin link/frontdesk-pipe']) {
    t.same(deliver('', mail, { pipe: link, cwd: elsewhere }), { code: 0, out: '' }, link)
    t.equal(waiting(path.join(root, 'store')).length, 1)
    wipe(path.join(root, 'store'))
  }
  t.equal(deliver('', mail, { under: ['sh'], pipe: 'frontdesk-pipe', cwd: path.dirname(pipe) }).code, 0)
  t.equal(waiting(path.join(root, 'store')).length, 1, 'also by its bare name')
})

t.test('the data folder: --data, then the environment, then .env, then data beside bin', async (t) => {
  const pipe = installation('FRONTDESK_DATA=from-file\nFRONTDESK_PIPE_MAX_BYTES=5000\n')
  const root = path.dirname(path.dirname(pipe))
  const cwd = newFolder()
  const at = (folder: string): number => waiting(folder).length
  deliver('from-env', mail, { pipe, cwd, args: ['--inbox', inbox, '--data', '-x'] })
  t.equal(at(path.join(cwd, '-x')), 1, '--data, relative to the current folder')
  deliver('from-env', mail, { pipe, cwd })
  t.equal(at(path.join(cwd, 'from-env')), 1, 'the environment, relative to the current folder')
  deliver('', mail, { pipe, cwd })
  t.equal(at(path.join(root, 'from-file')), 1, '.env, relative to the installation')
  t.equal(deliver('', mail + 'x'.repeat(6000), { pipe }).code, 75, 'the limit of .env')
  t.equal(deliver('', mail + 'x'.repeat(6000), { pipe, env: { FRONTDESK_PIPE_MAX_BYTES: '9000' } }).code, 0)
  fs.rmSync(path.join(root, '.env'))
  deliver('', mail, { pipe, cwd })
  t.equal(at(path.join(root, 'data')), 1, 'the default')
})

t.test('.env is read as Node reads it', async (t) => {
  const lines = [
    'FRONTDESK_DATA=plain',
    'FRONTDESK_DATA="two words" # note',
    "  export FRONTDESK_DATA = 'single # quoted'  ",
    'FRONTDESK_DATA=cut # note',
    'FRONTDESK_DATA=`back`',
    'FRONTDESK_DATA=crlf\r',
    '# FRONTDESK_DATA=no\nOTHER=FRONTDESK_DATA=no\nFRONTDESK_DATA=first\nFRONTDESK_DATA=last',
    'FRONTDESK_DATA=a=b$(id)`id`*',
    'FRONTDESK_DATABASE=x\nNO=y\nFRONTDESK_DATA=z',
  ]
  for (const text of lines)
    for (const end of ['', '\n']) {
      const pipe = installation(text + end)
      const expected = parseEnv(text + end).FRONTDESK_DATA ?? 'nothing'
      t.same(deliver('', mail, { pipe }), { code: 0, out: '' })
      t.equal(
        waiting(path.join(path.dirname(path.dirname(pipe)), expected)).length,
        1,
        JSON.stringify(text + end),
      )
    }
})

t.test('an .env that it may not read could name another folder, so it wants to be told', async (t) => {
  const pipe = installation('FRONTDESK_DATA=/somewhere\n')
  fs.chmodSync(path.join(path.dirname(path.dirname(pipe)), '.env'), 0o000)
  const data = newFolder()
  refused(t, data, deliver('', mail, { pipe, ...nobody }), 'unreadable .env')
  t.same(deliver(data, mail, { pipe, ...nobody }), { code: 0, out: '' })
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

/** A copy with its own .env beside bin/; an empty text makes none. */
function installation(env: string): string {
  const root = newFolder()
  const pipe = path.join(root, 'bin/frontdesk-pipe')
  fs.mkdirSync(path.dirname(pipe))
  fs.copyFileSync(launcher, pipe)
  if (env) fs.writeFileSync(path.join(root, '.env'), env)
  return pipe
}

function findTool(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => path.join(folder, name))
    .find((file) => fs.existsSync(file))
}

/** A PATH with these commands and no other; one of them may be replaced by a script. */
function tools(names: string[], replaced?: string, script?: string): string {
  const folder = newFolder()
  for (const name of names) {
    const to = path.join(folder, name)
    if (name === replaced) fs.writeFileSync(to, `#!${findTool('sh')}\n${script}\n`, { mode: 0o755 })
    else fs.symlinkSync(findTool(name)!, to)
  }
  return folder
}

function start(data: string, env: NodeJS.ProcessEnv = {}, options: { detached?: boolean } = {}) {
  const settings = { ...plainEnv, FRONTDESK_DATA: data, ...env }
  return spawn(launcher, ['--inbox', inbox], { ...options, env: settings, stdio: 'pipe' })
}

/** `close` comes when every holder of stdout and stderr is gone: a mail server waits for that too. */
function finished(child: ReturnType<typeof start>): Promise<Result> {
  let out = ''
  child.stdin.on('error', () => {})
  child.stdout.on('data', (data) => (out += data))
  child.stderr.on('data', (data) => (out += data))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })))
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
}
