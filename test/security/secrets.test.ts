// Tokens, passwords and rights: what is kept, what is told, and how soon it ends.
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { pino } from 'pino'
import t from 'tap'
import { createApp } from '../../src/app/app.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { SECOND } from '../../src/clock.js'
import { readConfig } from '../../src/config.js'
import { type TestApp, testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'
import { NODE, nodeArgs } from '../support/node.js'
import { ok } from '../support/world.js'

const PASSWORD = 'correct horse battery'
const EMAIL = 'lou@desk.example'

const app = await testApp(t)
const { items: roles } = await ok(app, 'GET', '/api/roles')
const roleId: string = roles.find(({ name }: { name: string }) => name === 'agent').id
const lou = await ok(app, 'POST', '/api/agents', { name: 'Lou', email: EMAIL, roleId, password: PASSWORD })

const login = (password: string, email = EMAIL, at: Pick<TestApp, 'http'> = app) =>
  at.http.app.inject({ method: 'POST', url: '/api/session', payload: { email, password } })
const me = async (token: string) => (await app.call('GET', '/api/me', undefined, { token })).status

/** A second process on the same data, as after a restart. */
const config = readConfig({ FRONTDESK_DATA: app.dir, FRONTDESK_DEMO: 'off', LOG_LEVEL: 'silent' }, ROOT)
const second = await createApp({ config, log: createLog('silent'), clock: app.clock })
t.teardown(() => second.stop())

/** Every byte in the data folder. Read by another process: closing the file here would end SQLite's locks on it. */
function everything(): string {
  const files = readdirSync(app.dir, { recursive: true }).map((name) => path.join(app.dir, String(name)))
  const { stdout } = spawnSync(
    'cat',
    files.filter((file) => statSync(file).isFile()),
    { maxBuffer: 2 ** 28 },
  )
  return stdout.toString('latin1')
}

t.test('an unknown account, a wrong password and one that is switched off are answered alike', async (t) => {
  const silent = await ok(app, 'POST', '/api/agents', { name: 'No', email: 'no@desk.example', roleId })
  const off = { name: 'Off', email: 'off@desk.example', roleId, password: PASSWORD }
  const { id } = await ok(app, 'POST', '/api/agents', off)
  await ok(app, 'PATCH', `/api/agents/${id}`, { active: false })
  const answers = await Promise.all([
    login('wrong password'),
    login(PASSWORD, 'nobody@desk.example'),
    login(PASSWORD, off.email),
    login(PASSWORD, silent.email),
  ])
  for (const answer of answers) {
    t.equal(answer.statusCode, 401)
    t.same({ ...answer.json(), requestId: '' }, { ...answers[0]!.json(), requestId: '' })
    t.same(Object.keys(answer.headers), Object.keys(answers[0]!.headers))
  }
  t.equal((await login(PASSWORD)).statusCode, 201)
})

t.test('tries to log in are counted for an account, beyond a restart, until time has passed', async (t) => {
  const email = 'guessed@desk.example'
  await ok(app, 'POST', '/api/agents', { name: 'Guy', email, roleId, password: PASSWORD })
  const tries = await Promise.all(Array.from({ length: 11 }, (_, i) => login(`guess ${i} of many`, email)))
  t.same(tries.map(({ statusCode }) => statusCode).sort(), [...Array(10).fill(401), 429])
  const after = await login(PASSWORD, email, second)
  t.equal(after.statusCode, 429, 'the right password too, and in the next process')
  t.match(after.headers, { 'retry-after': /^\d+$/ })
  t.equal((await login(PASSWORD)).statusCode, 201, 'others can log in')
  app.clock.advance(15 * 60 * SECOND)
  t.equal((await login(PASSWORD, email, second)).statusCode, 201)
})

t.test('one address cannot try account after account, nor lock them all', async (t) => {
  const { limits } = app.db.t
  const used = { key: 'login from 192.0.2.1', left: 2, at: app.clock.now() }
  await app.db.transaction((tx) => tx.insert(limits).values(used))
  const codes: number[] = []
  for (let i = 0; i < 4; i++) {
    const answer = await app.http.app.inject({
      method: 'POST',
      url: '/api/session',
      payload: { email: `user${i}@desk.example`, password: 'x' },
      remoteAddress: '192.0.2.1',
      // Only the connection says where a request comes from.
      headers: { 'x-forwarded-for': `198.51.100.${i}` },
    })
    codes.push(answer.statusCode)
  }
  t.same(codes, [401, 401, 429, 429])
  t.same(await app.db.select().from(limits).where(eq(limits.key, 'login user3@desk.example')), [])
  t.equal((await login(PASSWORD)).statusCode, 201)
})

t.test('no token, password or secret stands in the data folder as it is', async (t) => {
  const smtp = 'smtp://desk:planted-smtp-secret@127.0.0.1:1'
  const { token } = (await login(PASSWORD)).json()
  const script = await app.call(
    'POST',
    '/api/tokens',
    { name: 'script' },
    { headers: { 'idempotency-key': 'secret-token' } },
  )
  await ok(app, 'PATCH', `/api/inboxes/${app.inbox.id}`, { options: { smtp } })
  const bytes = everything()
  t.ok(bytes.includes(EMAIL), 'the test reads the database')
  for (const secret of [token, script.body.token, PASSWORD, 'planted-smtp-secret', app.adminToken])
    t.notOk(bytes.includes(secret), `${secret.slice(0, 4)}…`)
  const passwords = await app.db.select().from(app.db.t.agents).where(eq(app.db.t.agents.id, lou.id))
  t.match(passwords[0]!.passwordHash, /^scrypt\$(32768|65536|131072)\$8\$\d\$/)
})

t.test('secrets are masked in every answer, and the mask sent back keeps them', async (t) => {
  const at = `/api/inboxes/${app.inbox.id}`
  const smtp = 'smtp://desk:planted-smtp-secret@127.0.0.1:1'
  const set = await ok(app, 'PATCH', at, { options: { smtp } })
  t.equal(set.options.smtp, '***')
  const [before] = await app.db.select().from(app.db.t.inboxes)
  await ok(app, 'PATCH', at, { options: { smtp: '***', reopenDays: 3 } })
  const [after] = await app.db.select().from(app.db.t.inboxes)
  t.equal(after!.options.smtp, before!.options.smtp)
  t.equal(after!.options.reopenDays, 3)
  for (const { method, url } of app.http.routes) {
    if (method !== 'GET' || url.includes(':')) continue
    const told = JSON.stringify((await app.call('GET', url)).body)
    t.notMatch(told, /planted-smtp-secret|scrypt\$|passwordHash|"hash"/, url)
    t.notOk(told.includes(String(before!.options.smtp)), `${url} does not show it sealed either`)
  }
})

t.test('a right that was taken away is gone at once here, and within a second elsewhere', async (t) => {
  const other = async (method: 'DELETE' | 'PATCH', url: string, payload?: object) => {
    const headers = { authorization: `Bearer ${app.adminToken}` }
    const answer = await second.http.app.inject({ method, url, headers, ...(payload && { payload }) })
    t.ok(answer.statusCode < 300, `${method} ${url}`)
  }
  const make = async () => {
    const { id, token } = await app.agent('viewer', [app.inbox])
    t.equal(await me(token), 200)
    const { items } = await ok(app, 'GET', '/api/tokens', undefined, token)
    return { id, token, tokenId: items[0].id }
  }
  const revoked = await make()
  await ok(app, 'DELETE', `/api/tokens/${revoked.tokenId}`)
  t.equal(await me(revoked.token), 401, 'a token that was ended here')
  const switchedOff = await make()
  await ok(app, 'PATCH', `/api/agents/${switchedOff.id}`, { active: false })
  t.equal(await me(switchedOff.token), 401, 'an agent who was switched off here')
  const loggedOut = await make()
  await ok(app, 'DELETE', '/api/session', undefined, loggedOut.token)
  t.equal(await me(loggedOut.token), 401, 'one who logged out')
  const far = await make()
  const farOff = await make()
  const demoted = await make()
  await other('DELETE', `/api/tokens/${far.tokenId}`)
  await other('PATCH', `/api/agents/${farOff.id}`, { active: false })
  await other('PATCH', `/api/agents/${demoted.id}`, { password: 'a new pass phrase' })
  app.clock.advance(SECOND)
  for (const { token } of [far, farOff, demoted]) t.equal(await me(token), 401, 'in another process')
})

t.test('a token ends on its day, and only the form fd_… in the header is a token', async (t) => {
  const { token } = await ok(app, 'POST', '/api/tokens', { name: 'short', expiresInDays: 1 })
  t.equal(await me(token), 200)
  const bare = (headers: Record<string, string | string[]>, url = '/api/me') =>
    app.http.app.inject({ method: 'GET', url, headers }).then(({ statusCode }) => statusCode)
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    `Basic ${token}`,
    token,
    `Bearer ${token} x`,
    `Bearer ${token}x`,
  ])
    t.equal(await bare({ authorization }), 401, authorization.slice(0, 12))
  t.equal(await bare({}, `/api/me?token=${token}&access_token=${token}`), 401, 'never in the address')
  t.equal(await bare({ cookie: `token=${token}` }), 401)
  app.clock.advance(24 * 3600 * SECOND)
  t.equal(await me(token), 401)
})

t.test('what the command line prints of others is no command to the terminal', async (t) => {
  await ok(app, 'POST', '/api/tickets', {
    subject: 'red \x1b[31m title \x1b]0;owned\x07 \x9b31m back \u202egnp',
    inboxId: app.inbox.id,
    requester: { name: 'x', address: 'esc@guest.example' },
    note: 'x',
  })
  await app.mail(mail({ subject: '=?utf-8?Q?=1B]0;owned=07_=C2=9B31m?=' }))
  const env = { PATH: process.env.PATH, FRONTDESK_DATA: app.dir, FRONTDESK_DEMO: 'off' }
  for (const args of [[], ['--jsonl']]) {
    const run = spawnSync(NODE, nodeArgs(path.join(ROOT, 'dist/src/cli/main.js'), 'messages', ...args), {
      env,
    })
    t.equal(run.status, 0, run.stderr.toString())
    const printed = run.stdout.toString()
    t.match(printed, /owned/)
    t.notMatch(printed, /[^\P{Cc}\n\t]|[\u202a-\u202e]/u)
  }
})

t.test('no token, password or secret reaches the log, not even when things fail', async (t) => {
  const lines: string[] = []
  // Without the redaction of the real log: what is not written needs no masking.
  const log = pino({ level: 'trace' }, { write: (line) => void lines.push(line) })
  const noisy = await createApp({ config: app.config, log, clock: app.clock })
  t.teardown(() => noisy.stop())
  const send = (method: 'POST' | 'PATCH', url: string, payload: object, token = app.adminToken) =>
    noisy.http.app.inject({ method, url, payload, headers: { authorization: `Bearer ${token}` } })
  const session = (await login(PASSWORD, EMAIL, noisy)).json().token
  await login('planted-wrong-password', EMAIL, noisy)
  const { token } = (await send('POST', '/api/tokens', { name: 'script' })).json()
  await send('POST', '/api/tokens', { name: 'script' }, `${token}x`)
  const smtp = 'smtp://desk:planted-smtp-secret@127.0.0.1:1'
  await send('PATCH', `/api/inboxes/${app.inbox.id}`, { options: { smtp, undoSeconds: 0 } })
  const requester = { name: '', address: 'log@guest.example' }
  const body = { subject: 'x', inboxId: app.inbox.id, requester, message: 'planted-text' }
  t.equal((await send('POST', '/api/tickets', body)).statusCode, 201)
  await noisy.engine.runDue()
  t.match(lines.join(''), /a job failed.*ECONNREFUSED|ECONNREFUSED.*a job failed/, 'the trouble is there')
  const broken = (table: string) =>
    app.db.transaction((tx) =>
      tx.exec(
        sql.raw(
          `create trigger no_${table} before insert on ${table} begin select raise(abort, 'broken'); end`,
        ),
      ),
    )
  await broken('timeline')
  t.equal((await send('POST', '/api/tickets', body)).statusCode, 500)
  await broken('agents')
  const agent = { name: 'x', email: 'x@desk.example', roleId, password: 'planted-password' }
  t.equal((await send('POST', '/api/agents', agent)).statusCode, 500)
  await broken('tokens')
  t.equal((await send('POST', '/api/tokens', { name: 'script' })).statusCode, 500)
  const all = lines.join('')
  t.match(all, /a request failed/)
  for (const secret of [session, token, app.adminToken, PASSWORD, 'planted-', 'scrypt$'])
    t.notOk(all.includes(secret), `${secret.slice(0, 8)}…`)
})
