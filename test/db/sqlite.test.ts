// The writer queue of SQLite: one COMMIT for many, and what happens when a statement of it fails.
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { prepare } from '../../src/app/database.js'
import { systemClock } from '../../src/clock.js'
import { openSqlite, type SqliteOptions } from '../../src/db/sqlite.js'
import type { Db, Tx } from '../../src/db/types.js'
import { folder, pause, times, until } from '../support/databases.js'
import { fault, faultySqlite } from '../support/faults.js'

async function open(t: Test, options: Partial<SqliteOptions> = {}): Promise<Db & { file: string }> {
  const file = path.join(folder(t), 'frontdesk.db')
  const db = await prepare(openSqlite({ file, clock: systemClock, ...options }))
  t.teardown(() => db.close())
  return Object.assign(db, { file })
}

const put = (db: Db, key: string) =>
  db.transaction(async (tx) => {
    await tx.insert(tx.t.settings).values({ key, value: 1, updatedAt: tx.now })
    return key
  })
const keys = async (db: Db) =>
  (await db.select().from(db.t.settings).orderBy(db.t.settings.key)).map(({ key }) => key)
const integrity = async (db: Db) => db.rows(sql`pragma integrity_check`)
const outcomes = async (work: Promise<unknown>[]) =>
  (await Promise.allSettled(work)).map((r) =>
    r.status === 'fulfilled' ? r.value : (r.reason as Error).message,
  )

t.test('callers of one moment share one commit, and each is answered after it', async (t) => {
  const commits = fault(0)
  const db = await open(t, { connect: faultySqlite(commits, /^COMMIT$/), batchMs: 10_000 })
  const before = commits.calls
  t.same(
    await outcomes(times(30, (i) => put(db, `k${i}`))),
    times(30, (i) => `k${i}`),
  )
  t.equal(commits.calls - before, 1)
})

t.test('a reader sees only what is committed, also of the batch that runs', async (t) => {
  const db = await open(t)
  let go!: () => void
  const inside = new Promise<void>((resolve) => {
    go = resolve
  })
  const first = put(db, 'a')
  const second = db.transaction(async (tx) => {
    t.same(
      (await tx.select().from(tx.t.settings)).length,
      1,
      'a transaction sees those before it in its batch',
    )
    await inside
  })
  await pause(5)
  const seen = await keys(db)
  go()
  await Promise.all([first, second])
  t.same(seen, [])
  t.same(await keys(db), ['a'])
})

t.test('a commit that fails rejects its whole batch and leaves nothing', async (t) => {
  const commits = fault(0)
  const db = await open(t, { connect: faultySqlite(commits, /^COMMIT$/), batchMs: 10_000 })
  commits.n = commits.calls + 1
  const results = await outcomes(times(5, (i) => put(db, `k${i}`)))
  t.same(
    results,
    times(5, () => 'simulated in COMMIT'),
  )
  t.same(await keys(db), [])
  t.equal(await put(db, 'after'), 'after')
  t.same(await keys(db), ['after'])
})

for (const late of [false, true])
  t.test(
    `whichever statement of a batch fails${late ? ' after it was done' : ''}, everybody is answered and told the truth`,
    async (t) => {
      let runs = 0
      for (let n = 1; ; n++) {
        const at = fault(0, late)
        const db = await open(t, { connect: faultySqlite(at), batchMs: 10_000 })
        at.calls = 0
        at.n = n
        const results = await Promise.race([
          outcomes(times(4, (i) => put(db, `k${i}`))),
          pause(5000).then(() => ['nobody answered']),
        ])
        at.n = 0
        const stored = await keys(db)
        // A COMMIT whose answer was lost has happened: its callers may be told that it failed, never the contrary.
        if (at.hit !== 'COMMIT' || !late)
          t.same(
            stored,
            results.filter((result) => /^k\d$/.test(result as string)),
            `${n}: ${at.hit}`,
          )
        for (const key of results) if (/^k\d$/.test(key as string)) t.ok(stored.includes(key as string))
        t.notOk(results.includes('nobody answered'), `${n}: ${at.hit}`)
        t.equal(await put(db, 'next'), 'next', `${n}: the queue goes on`)
        t.same(await integrity(db), [{ integrity_check: 'ok' }])
        if (at.hit === null) break
        runs++
      }
      t.ok(runs >= 13, `${runs} statements failed in turn`)
    },
  )

t.test('a rollback that fails too does not stop the queue', async (t) => {
  const broken = fault(0)
  const connect = faultySqlite(broken, /^COMMIT$/)
  let refuse = false
  const db = await open(t, {
    batchMs: 10_000,
    connect(file, options) {
      const made = connect(file, options)
      const exec = made.exec.bind(made)
      made.exec = (source: string) => {
        if (refuse && source === 'ROLLBACK') throw new SqliteDriver.SqliteError('no', 'SQLITE_IOERR')
        return exec(source)
      }
      return made
    },
  })
  refuse = true
  broken.n = broken.calls + 1
  t.same(await outcomes([put(db, 'a'), put(db, 'b')]), ['simulated in COMMIT', 'simulated in COMMIT'])
  refuse = false
  t.equal(await put(db, 'c'), 'c')
  t.same(await keys(db), ['c'])
})

t.test('while another connection writes, callers wait with the event loop free, then succeed', async (t) => {
  const db = await open(t)
  const other = new SqliteDriver(db.file)
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  let done = 0
  const waiting = Promise.all(times(3, (i) => put(db, `k${i}`).then(() => done++)))
  let turns = 0
  await until(() => ++turns > 20)
  t.equal(done, 0, 'the loop turned and nobody was answered')
  t.same(await keys(db), [], 'reading goes on')
  other.exec('COMMIT')
  await waiting
  t.equal((await keys(db)).length, 3)
})

t.test(
  'who waits too long is told that the database is busy, and nothing of it is stored later',
  async (t) => {
    const db = await open(t, { busyMs: 30 })
    const other = new SqliteDriver(db.file)
    t.teardown(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    for (const result of await Promise.allSettled([put(db, 'a'), put(db, 'b')]))
      t.match(result, { status: 'rejected', reason: { code: 'database_busy', status: 503 } })
    other.exec('COMMIT')
    t.equal(await put(db, 'c'), 'c')
    t.same(await keys(db), ['c'])
  },
)

t.test('a full disk is told as such, takes nothing halfway, and passes', async (t) => {
  let writer: SqliteDriver.Database | undefined
  const db = await open(t, {
    connect(file, options) {
      const made = new SqliteDriver(file, options)
      writer ??= made
      return made
    },
  })
  const pages = writer!.pragma('page_count', { simple: true }) as number
  writer!.pragma(`max_page_count = ${pages}`)
  const write = (tx: Tx, key: string, length: number) =>
    tx.insert(tx.t.settings).values({ key, value: 'x'.repeat(length), updatedAt: tx.now })
  const big = (key: string) => db.transaction((tx) => write(tx, key, 100_000))
  for (const result of await Promise.allSettled([big('a'), big('b')]))
    t.match(result, { status: 'rejected', reason: { code: 'storage_full', status: 507 } })
  const careless = db.transaction(async (tx) => {
    await write(tx, 'c', 100_000).catch(() => {})
    await write(tx, 'outside of any transaction', 1)
  })
  await t.rejects(careless, /rolled the transaction back/)
  t.same(await keys(db), [])
  writer!.pragma('max_page_count = 1073741823')
  await big('d')
  t.same(await keys(db), ['d'])
  t.same(await integrity(db), [{ integrity_check: 'ok' }])
})

t.test('no caller is forgotten, however its call and the end of the queue fall together', async (t) => {
  const db = await open(t)
  const total = 4000
  let answered = 0
  const caller = async (own: number) => {
    for (let i = 0; i < total / 8; i++) {
      await db.transaction(async (tx) => tx.now)
      answered++
      // From the same turn to several turns later.
      for (let turn = (i * 7 + own) % 5; turn > 0; turn--) await Promise.resolve()
      if (i % 50 === own) await pause(0)
    }
  }
  const all = Promise.all(times(8, caller))
  t.ok(await until(() => answered === total), `${answered} of ${total}`)
  await all
})
