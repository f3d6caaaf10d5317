// Many real servers on one PostgreSQL, with and without Redis, killed at random while they work: each job has its
// effect exactly once, each mail becomes exactly one message. CHAOS_JOBS and CHAOS_MAILS say how much.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import t, { type Test } from 'tap'
import { prepare } from '../../src/app/database.js'
import { ROOT } from '../../src/app/root.js'
import { MINUTE, newId, SECOND, systemClock } from '../../src/clock.js'
import { openPostgres } from '../../src/db/postgres.js'
import { openPool } from '../../src/db/postgres-pool.js'
import { openSpool } from '../../src/intake/spool.js'
import { schedule } from '../../src/jobs/schedule.js'
import { defineJob } from '../../src/jobs/types.js'
import { createSchema, testRedis, testServer } from '../../src/testing/databases.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { folder, pause, times, until } from '../support/databases.js'
import { INBOX } from '../support/intake.js'
import { openLedger } from '../support/ledger.js'
import { mail } from '../support/mails.js'
import { type ServerProcess, serve } from '../support/server.js'

const JOBS = Number(process.env.CHAOS_JOBS ?? 2000)
const MAILS = Number(process.env.CHAOS_MAILS ?? 500)
const WORKERS = Number(process.env.CHAOS_WORKERS ?? 4)
const INTAKES = 2
const KILLS = Number(process.env.CHAOS_KILLS ?? 12)
const BATCH = 100

t.setTimeout(20 * MINUTE)

for (const redis of [true, false]) {
  const missing = !testServer()
    ? 'FRONTDESK_TEST_POSTGRES'
    : redis && !testRedis()
      ? 'FRONTDESK_TEST_REDIS'
      : null
  const skip = missing !== null && `${missing} is not set`
  t.test(`many servers, ${redis ? 'with' : 'without'} Redis, killed at random`, { skip }, (t) =>
    chaos(t, redis),
  )
}

async function chaos(t: Test, redis: boolean) {
  const schema = await createSchema(testServer()!)
  t.teardown(schema.drop)
  const sql = new pg.Client({ connectionString: schema.url })
  await sql.connect()
  t.teardown(() => sql.end())
  const driver = openPool({ url: schema.url, clock: systemClock, size: 4 })
  const db = await prepare(openPostgres({ driver, clock: systemClock }))
  t.teardown(() => db.close())
  await db.transaction((tx) => createInbox(tx, { address: INBOX }))
  // Without a key: a second effect is a second row.
  await sql.query('create table effects (n integer not null)')

  const dir = folder(t)
  writePlugin(dir)
  mkdirSync(path.join(dir, 'blobs'))
  const prefix = `{chaos-${newId()}}`
  const roles = [...times(WORKERS, () => 'worker'), ...times(INTAKES, () => 'intake')]
  const envs = roles.map((role, i) => {
    const data = path.join(dir, `${role}-${i}`)
    mkdirSync(data)
    symlinkSync(path.join(dir, 'blobs'), path.join(data, 'blobs'))
    return {
      ...process.env,
      ...{
        FRONTDESK_DATA: data,
        FRONTDESK_DEMO: 'off',
        FRONTDESK_PLUGINS: 'chaos',
        ROLES: role,
        LOG_LEVEL: 'error',
      },
      ...{ FRONTDESK_SECRET: 'chaos '.repeat(8), DATABASE_URL: schema.url, DATABASE_POOL: '4' },
      ...(redis && { REDIS_URL: testRedis()!, REDIS_PREFIX: prefix }),
    }
  })
  const servers: ServerProcess[] = []
  const start = (i: number) => {
    servers[i] = serve(t, envs[i]!, dir)
    return servers[i].up
  }
  // The first prepares the database for the plugin.
  await start(0)
  await Promise.all(times(envs.length - 1, (i) => start(i + 1)))

  // Its bells: of what this process commits, it tells Redis itself.
  if (redis) openLedger(t, db, systemClock, { engine: 'bullmq', redis: testRedis()!, prefix })
  const work = defineJob<number>('chaos.work')
  const spools = await Promise.all(envs.slice(WORKERS).map((env) => openSpool(env.FRONTDESK_DATA)))
  const began = Date.now()
  let fed = false
  const feeding = Promise.all([giveJobs(), giveMails()]).finally(() => {
    fed = true
  })
  async function giveJobs() {
    for (let n = 0; n < JOBS; n += BATCH) {
      await db.transaction(async (tx) => {
        for (let i = n; i < Math.min(n + BATCH, JOBS); i++)
          await schedule(tx, work, i, i % 3 ? {} : { at: new Date(Date.now() + (i % 50) * 100) })
      })
      await pause(20)
    }
  }
  async function giveMails() {
    for (let n = 0; n < MAILS; n++) {
      const raw = mail({
        subject: `mail ${n}`,
        from: `Guest <guest${n % 50}@guest.example>`,
        id: `${n}@guest.example`,
        text: `${n}`,
      })
      await spools[n % INTAKES]!.put(Buffer.from(raw), INBOX)
      if (n % 20 === 0) await pause(20)
    }
  }

  const count = async (query: string) => Number((await sql.query(query)).rows[0].count)
  const effects = () => count('select count(distinct n) from effects')
  const messages = () => count('select count(distinct subject) from messages')
  const done = async () => fed && (await effects()) === JOBS && (await messages()) === MAILS
  let kills = 0
  for (; kills < KILLS && !(await done()); kills++) {
    await pause(200 + Math.random() * 1300)
    const victim = Math.floor(Math.random() * servers.length)
    await servers[victim]!.end('SIGKILL')
    await start(victim)
  }
  await feeding
  const killed = Date.now()
  // What ran when its worker was killed is free when its lease ends.
  t.ok(
    await until(done, 5 * MINUTE),
    `${await effects()} of ${JOBS} jobs, ${await messages()} of ${MAILS} mails`,
  )
  t.equal(await count('select count(*) from effects'), JOBS, 'no effect twice')
  t.equal(await count('select count(*) from messages'), MAILS, 'no message twice')
  t.equal(await count('select count(*) from tickets'), MAILS)
  t.ok(
    await until(
      async () => (await count("select count(*) from jobs where name in ('chaos.work', 'intake')")) === 0,
      MINUTE,
    ),
  )
  t.same((await sql.query('select state, count(*)::int from intakes group by 1')).rows, [
    { state: 'opened', count: MAILS },
  ])
  const seconds = (from: number) => Math.round((Date.now() - from) / SECOND)
  t.comment(`${kills} kills, ${seconds(began)} s for the work, ${seconds(killed)} s after the last kill`)
  const ends = await Promise.all(servers.map((server) => server.end('SIGTERM')))
  t.same(
    ends,
    servers.map(() => 0),
    'each ends by itself when it is told to',
  )
}

/** One row for each job, together with its end. */
function writePlugin(dir: string) {
  const home = path.join(dir, 'node_modules', 'chaos')
  mkdirSync(home, { recursive: true })
  writeFileSync(path.join(home, 'package.json'), '{"name":"chaos","type":"module","exports":"./index.js"}')
  const drizzle = pathToFileURL(path.join(ROOT, 'node_modules', 'drizzle-orm', 'index.js')).href
  writeFileSync(
    path.join(home, 'index.js'),
    `import { sql } from '${drizzle}'
     export default { name: 'chaos', version: '1.0.0', api: '^1.0.0', setup(app) {
       app.job('work', { run: (job) => app.db.transaction(async (tx) => {
         await tx.rows(sql\`insert into effects values (\${job.data}) returning n\`)
         await job.complete(tx)
       }) })
     } }`,
  )
}
