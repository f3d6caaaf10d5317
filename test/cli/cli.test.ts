// The command line as administrators use it, in processes of their own, on a temporary data folder.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { tempDir } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'
import { NODE, nodeArgs } from '../support/node.js'

const { dir, remove } = tempDir()
t.teardown(remove)
const env = {
  ...process.env,
  FRONTDESK_DATA: path.join(dir, 'data'),
  FRONTDESK_DEMO: 'off',
  PORT: '0',
  LOG_LEVEL: 'warn',
}

interface Result {
  code: number | null
  out: string
  err: string
}

/** From another folder on purpose: commands work from anywhere. */
function frontdesk(args: string[], { input = '', more = {} } = {}): Promise<Result> {
  const child = spawn(NODE, nodeArgs(path.join(ROOT, 'bin', 'frontdesk'), ...args), {
    cwd: tmpdir(),
    env: { ...env, ...more },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

async function server(more = {}) {
  const child = spawn(NODE, nodeArgs(path.join(ROOT, 'bin', 'frontdesk'), 'start'), {
    env: { ...env, ...more },
  })
  let out = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      out += chunk
      if (/API documentation/.test(out)) resolve()
    })
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
  const url = /listens on (\S+)/.exec(out)![1]!
  return {
    out: () => out,
    url,
    stop: () =>
      new Promise<number | null>((resolve) =>
        child.removeAllListeners('exit').on('exit', resolve).kill('SIGTERM'),
      ),
  }
}

async function until(check: () => Promise<boolean>) {
  for (let turn = 0; turn < 200; turn++) {
    if (await check()) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

t.test('commands say what is wrong, where, and end with 2 for usage and 1 for the rest', async (t) => {
  t.match(await frontdesk(['cook']), { code: 2, err: /no command "cook"/ })
  t.match(await frontdesk(['inbox', 'create', '../x']), { code: 2, err: /usage/ })
  t.match(await frontdesk(['inbox', 'create', 'a@b.example', '--nmae', 'x']), { code: 2, err: /usage/ })
  t.match(await frontdesk(['migrate'], { more: { PORT: 'x', ROLES: 'cook' } }), {
    code: 1,
    err: /PORT[\s\S]*ROLES/,
  })
  t.match(await frontdesk(['start'], { more: { FRONTDESK_PLUGINS: 'no-such' } }), {
    code: 1,
    err: /plugin "no-such" \[plugin_unknown\]/,
  })
  t.match(await frontdesk(['help']), { code: 0, out: /inbox create ADDRESS/ })
})

t.test('an inbox, an agent and a token are made without a server', async (t) => {
  t.match(await frontdesk(['inbox', 'create', 'Support@Desk.example']), {
    code: 0,
    out: /support@desk\.example/,
  })
  t.match(await frontdesk(['inbox', 'create', 'support@desk.example']), { code: 1, err: /already/ })
  t.match(await frontdesk(['inbox', 'list']), { out: 'support@desk.example\n' })
  const file = path.join(dir, 'password')
  writeFileSync(file, 'correct horse battery\n')
  const create = [
    'agent',
    'create',
    'ada@desk.example',
    '--name',
    'Ada',
    '--role',
    'admin',
    '--password-file',
    file,
  ]
  t.match(await frontdesk(create), { code: 0 })
  t.match(await frontdesk(['token', 'create', '--agent', 'nobody@desk.example']), {
    code: 2,
    err: /no agent/,
  })
  t.match(await frontdesk(['token', 'create', '--agent', 'ada@desk.example']), {
    code: 0,
    out: /^fd_[\w-]{43}\n$/,
  })
})

t.test('a mailbox of any kind is taken in once, however often it is given', async (t) => {
  const mbox = path.join(dir, 'old.mbox')
  const quoted = mail({ id: 'b1@x.example', subject: 'Two', text: '>From here it is quoted' })
  const broken = 'this is not a mail at all\n'
  writeFileSync(
    mbox,
    `From a Tue\n${mail({ id: 'a1@x.example', subject: 'One' })}\nFrom b Tue\n${broken}\nFrom c Tue\n${quoted}\n`,
  )
  const maildir = path.join(dir, 'Maildir')
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(path.join(maildir, part), { recursive: true })
  writeFileSync(path.join(maildir, 'cur', '1.host:2,S'), mail({ id: 'c1@x.example', subject: 'Three' }))
  writeFileSync(path.join(maildir, 'new', '2.host'), mail({ id: 'd1@x.example', subject: 'Four' }))
  const to = ['ingest', '--inbox', 'support@desk.example']
  t.match(await frontdesk([...to, mbox, maildir]), { code: 0, out: /^5 mails/ })
  t.match(await frontdesk([...to], { input: mail({ id: 'e1@x.example', subject: 'Five' }) }), {
    code: 0,
    out: /^1 mails/,
  })
  t.match(await frontdesk([...to, mbox, maildir]), { code: 0 })
  t.match(await frontdesk(['ingest', '--inbox', 'other@desk.example', mbox]), { code: 2, err: /no inbox/ })
  t.match(await frontdesk([...to, path.join(dir, 'gone')]), { code: 1, err: /ENOENT/ })

  const desk = await server()
  const list = async () => (await frontdesk(['messages', '--jsonl'])).out.trim().split('\n').filter(Boolean)
  t.ok(await until(async () => (await list()).length >= 6), 'the running server takes the spool')
  const rows = (await list()).map((line) => JSON.parse(line))
  t.strictSame(rows.map(({ subject }) => subject).sort(), ['', 'Five', 'Four', 'One', 'Three', 'Two'])
  t.match(rows[0], { id: /./, ticket: Number, inbox: 'support@desk.example', direction: 'in' })

  await t.test('a second server on the same data is refused', async (t) => {
    t.match(await frontdesk(['start']), { code: 1, err: /another server/ })
  })
  await t.test('a command beside the running server is seen by it', async (t) => {
    t.match(await frontdesk(['inbox', 'create', 'new@desk.example']), { code: 0 })
    const { out } = await frontdesk(['token', 'create', '--agent', 'ada@desk.example'])
    const headers = { authorization: `Bearer ${out.trim()}` }
    const { items } = (await (await fetch(`${desk.url}/api/inboxes`, { headers })).json()) as {
      items: unknown[]
    }
    t.equal(items.length, 2)
  })
  t.equal(await desk.stop(), 0, 'it stops cleanly when it is told to')
})

t.test('the very first start makes a demo desk, later ones keep it', async (t) => {
  const more = { FRONTDESK_DATA: path.join(dir, "Ann's $desk"), FRONTDESK_DEMO: 'on' }
  const first = await server(more)
  t.ok(await until(async () => /replies'/.test(first.out())))
  const token = /Admin token:\s+(fd_\S+)/.exec(first.out())![1]!
  const headers = { authorization: `Bearer ${token}` }
  const read = async (url: string) =>
    (await (await fetch(url, { headers })).json()) as { items: { subject: string }[] }
  const { items } = await read(`${first.url}/api/tickets?limit=100`)
  t.equal(items.length, 16)
  for (const subject of [
    'Écharpe oubliée dans la chambre 7',
    '明日の朝のタクシー',
    'غرفة مطلة على البحر',
    '조식 포함 요금 문의',
  ])
    t.ok(
      items.some((item) => item.subject === subject),
      subject,
    )
  t.equal((await read(`${first.url}/api/teams`)).items.length, 2)
  t.equal((await read(`${first.url}/api/agents`)).items.length, 3)
  t.equal((await fetch(`${first.url}/docs/`)).status, 200)
  const line = first
    .out()
    .split('\n')
    .find((one) => one.startsWith('printf'))!
  const pasted = spawn('sh', ['-c', line], { cwd: ROOT, env: { PATH: process.env.PATH } })
  t.equal(await new Promise((resolve) => pasted.on('exit', resolve)), 0)
  const mails = async () => (await read(`${first.url}/api/tickets?subject=late+arrival`)).items.length
  t.ok(await until(async () => (await mails()) === 1), 'a pasted line reaches this desk')
  await first.stop()
  const second = await server(more)
  t.notMatch(second.out(), /Admin token/)
  t.equal((await read(`${second.url}/api/tickets?limit=100`)).items.length, 17)
  t.match(second.out(), /FRONTDESK_DATA='.*Ann'\\''s \$desk' bin\/frontdesk token create/)
  await second.stop()
})

t.test('mail inspect prints the normalised message, one or many', async (t) => {
  const file = path.join(dir, 'one.eml')
  writeFileSync(
    file,
    mail({ id: 'i@x.example', subject: 'Look', text: 'New part.\n\nOn Monday, Bob wrote:\n> old' }),
  )
  const one = JSON.parse((await frontdesk(['mail', 'inspect', file])).out)
  t.match(one, {
    from: { address: 'ann@guest.example' },
    subject: 'Look',
    reply: 'New part.',
    messageId: 'i@x.example',
  })
  const many = await frontdesk(['mail', 'inspect', '--jsonl', file, path.join(dir, 'gone.eml')])
  t.equal(many.code, 1)
  t.match(
    many.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [{ id: 'one.eml' }, { id: 'gone.eml', error: /ENOENT/ }],
  )
  const html = path.join(dir, 'x.html')
  writeFileSync(html, '<p onclick="x()">Hello</p><script>x()</script>')
  t.match(JSON.parse((await frontdesk(['mail', 'inspect', '--as', 'html', html])).out), {
    html: '<p>Hello</p>',
    text: /Hello/,
  })
})
