// Workers that die or stand still while they have a job of BullMQ, with its real locks of 30 s: BullMQ would fail the
// job for good, or run it twice; the ledger decides.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { MINUTE, SECOND, systemClock } from '../../src/clock.js'
import { defineJob } from '../../src/jobs/types.js'
import { openTestDatabase } from '../../src/testing/index.js'
import { folder, pause, times, until } from '../support/databases.js'
import { openLedger } from '../support/ledger.js'
import { NODE, nodeArgs } from '../support/node.js'
import { noRedis, ownRedis, type RedisServer } from '../support/redis.js'

const CHILD = fileURLToPath(new URL('../support/engine-child.js', import.meta.url))
/** Later than that was not rung for, but looked for. */
const BY_BELL = 8 * SECOND

t.setTimeout(6 * MINUTE)

t.test(
  'a worker dies twice with a job, and stands still longer than its lock and its lease',
  { skip: noRedis },
  async (t) => {
    const redis = await ownRedis(t)
    await Promise.all([killedTwice(t, redis), blocked(t, redis)])
  },
)

async function killedTwice(t: Test, redis: RedisServer) {
  const { db, add, start, effects } = await openWorkers(t, redis, '{deaths}')
  await add(defineJob<number>('deadly'), 1)
  for (const name of ['first', 'second']) {
    const child = start(name)
    await over(child)
    t.equal(child.signalCode, 'SIGKILL', `the ${name} one died with it`)
    await db.transaction((tx) =>
      tx
        .update(tx.t.jobs)
        .set({ leaseUntil: new Date(Date.now() - MINUTE) })
        .where(eq(tx.t.jobs.state, 'running')),
    )
  }
  start('third')
  t.ok(await until(async () => (await effects()).has('deadly 1'), MINUTE), 'it was not failed for good')
  t.same(await db.select().from(db.t.jobs), [])
  await add(defineJob<number>('deadly'), 2)
  t.ok(await until(async () => (await effects()).has('deadly 2'), BY_BELL), 'its kind is rung for')
}

async function blocked(t: Test, redis: RedisServer) {
  const { add, dir, start, effects } = await openWorkers(t, redis, '{blocks}')
  const file = path.join(dir, 'blocked')
  const blocked = start('blocked')
  await add(defineJob<number>('blocking'), 1)
  t.ok(await until(() => existsSync(file), MINUTE))
  const free = start('free')
  t.ok(await until(() => readFileSync(file).length === 2, 2 * MINUTE), 'it goes on')
  t.ok(await until(async () => (await effects()).get('blocking 1') === 'free', MINUTE), 'another one did it')
  // The other one had it and was the only one: a second effect would be a second row, which cannot be.
  const plain = defineJob<number>('plain')
  await Promise.all(times(60, (i) => add(plain, i)))
  const done = async () => {
    const seen = await effects()
    return times(60, (i) => seen.get(`plain ${i}`))
  }
  t.ok(await until(async () => (await done()).every(Boolean), BY_BELL), 'new jobs are rung for')
  // Two share them as it comes, so that one may get none of a few: more, until it gets one.
  let next = 60
  const alsoBlocked = async () => {
    await Promise.all(times(10, () => add(plain, next++)))
    await pause(200)
    return [...(await effects())].some(([effect, by]) => effect.startsWith('plain') && by === 'blocked')
  }
  t.ok(await until(alsoBlocked, MINUTE), 'also by the one that stood still')
  for (const child of [blocked, free]) {
    child.kill('SIGTERM')
    await over(child)
    t.equal(child.exitCode, 0)
  }
}

const over = async (child: ChildProcess) => {
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once('exit', resolve))
}

async function openWorkers(t: Test, redis: RedisServer, prefix: string) {
  const dir = folder(t)
  const db = await openTestDatabase('sqlite', dir, systemClock)
  t.teardown(() => db.close())
  // Not started: it only rings for what is scheduled here.
  const { add } = openLedger(t, db, systemClock, { engine: 'bullmq', redis: redis.url, prefix })
  return {
    db,
    dir,
    add,
    start(name: string) {
      const child = spawn(NODE, nodeArgs(CHILD, dir, redis.url, prefix, name), { stdio: 'inherit' })
      t.teardown(() => child.kill('SIGKILL'))
      return child
    },
    effects: async () =>
      new Map((await db.select().from(db.t.settings)).map(({ key, value }) => [key, value])),
  }
}
