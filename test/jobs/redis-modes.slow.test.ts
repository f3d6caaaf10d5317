// Redis as it is set up elsewhere: a cluster, TLS with a certificate of one's own, a password. Jobs are rung for.
import { execFileSync, spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { MINUTE, SECOND, systemClock } from '../../src/clock.js'
import { openTestDatabase } from '../../src/testing/index.js'
import { folder, openDb, times, until } from '../support/databases.js'
import { kind, openLedger } from '../support/ledger.js'
import { NODE, nodeArgs } from '../support/node.js'
import { freePort, noRedis, ownRedis } from '../support/redis.js'

const CHILD = fileURLToPath(new URL('../support/engine-child.js', import.meta.url))
/** Later than that was not rung for, but looked for. */
const BY_BELL = 8 * SECOND

t.setTimeout(3 * MINUTE)

t.test('a cluster', { skip: noRedis }, async (t) => {
  // A node that never met another one does not know its own address, and tells clients none.
  const redis = await ownRedis(t, {
    args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
  })
  await redis.ask('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await until(async () => /cluster_state:ok/.test(`${await redis.ask('CLUSTER', 'INFO')}`))
  const desk = await rung(t, `${redis.url}?cluster=true`)
  t.match(await desk.health(), { detail: /appendonly/ }, 'it is asked how it is set up')
  await redis.kill()
  t.ok(await until(async () => /away/.test((await desk.health()).detail), MINUTE))
  t.ok(await until(() => desk.warnings.some((line) => /Redis is away/.test(line))))
  await desk.stop()
})

t.test('a password', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t, { args: ['--requirepass', 'p@ss/word'] })
  const desk = await rung(t, redis.url.replace('//', '//:p%40ss%2Fword@'))
  await desk.stop()
})

t.test('TLS with a certificate of one’s own', { skip: noRedis || noOpenssl() }, async (t) => {
  const dir = folder(t)
  const [key, cert] = [path.join(dir, 'key.pem'), path.join(dir, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ],
    { stdio: 'ignore' },
  )
  const port = await freePort()
  const tls = ['--tls-port', `${port}`, '--tls-cert-file', cert, '--tls-key-file', key]
  await ownRedis(t, { args: [...tls, '--tls-auth-clients', 'no'] })
  const db = await openTestDatabase('sqlite', dir, systemClock)
  t.teardown(() => db.close())
  const run = async (name: string, prefix: string, env: NodeJS.ProcessEnv) => {
    const args = nodeArgs(
      CHILD,
      dir,
      `rediss://localhost:${port}`,
      prefix,
      name,
      name === 'trusts' ? '20' : '0',
    )
    const child = spawn(NODE, args, { stdio: 'inherit', env: { ...process.env, ...env } })
    t.teardown(() => child.kill('SIGKILL'))
    return child
  }
  await run('trusts', '{tls}', { NODE_EXTRA_CA_CERTS: cert })
  const effects = async () => (await db.select().from(db.t.settings)).filter(({ key }) => /^plain/.test(key))
  t.ok(await until(async () => (await db.select().from(db.t.jobs)).length > 0, MINUTE), 'it is connected')
  t.ok(await until(async () => (await effects()).length === 20, BY_BELL))
})

function noOpenssl(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'openssl is not on PATH'
  }
}

/** An engine at this address, whose jobs came by their bell. */
async function rung(t: Test, redis: string) {
  const db = await openDb(t, 'sqlite', systemClock)
  const { handlers, engine, add, warnings } = openLedger(t, db, systemClock, { engine: 'bullmq', redis })
  let ran = 0
  const job = kind(handlers, 'job', () => ++ran)
  await engine.start()
  t.ok(await until(async () => !/away/.test((await engine.health!()).detail), MINUTE), 'it is connected')
  await Promise.all(times(20, (i) => add(job, i, { at: new Date(Date.now() + i * 10) })))
  t.ok(await until(() => ran === 20, BY_BELL), `${ran} of 20`)
  return { warnings, health: () => engine.health!(), stop: () => engine.stop() }
}
