// `frontdesk db copy` in a process of its own, killed with kill -9 again and again: run to its end it is the same desk.
// Into SQLite, and into PostgreSQL where FRONTDESK_TEST_POSTGRES names one; the way back too.
import path from 'node:path'
import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { connect, prepare } from '../../src/app/database.js'
import { ROOT } from '../../src/app/root.js'
import { newId, systemClock } from '../../src/clock.js'
import { readConfig } from '../../src/config.js'
import { openSqlite } from '../../src/db/sqlite.js'
import { tablesThere } from '../../src/db/there.js'
import { createSchema, testServer } from '../../src/testing/databases.js'
import { folder, until } from '../support/databases.js'
import { frontdesk } from '../support/server.js'

const CONTACTS = 40_000
const KILLS = 2

async function makeSource(t: Test) {
  const dir = folder(t)
  const db = await prepare(openSqlite({ file: path.join(dir, 'frontdesk.db'), clock: systemClock }))
  await db.transaction(async (tx) => {
    for (let n = 0; n < CONTACTS; n += 500) {
      const rows = Array.from({ length: 500 }, (_, row) => ({
        ...{ id: newId(), version: 1, name: `Guest ${n + row}`, language: null },
        ...{ notes: 'it’s 🙂 '.repeat(row % 40), createdAt: tx.now, updatedAt: tx.now },
      }))
      await tx.insert(tx.t.contacts).values(rows)
    }
  })
  await db.close()
  return dir
}

/** Rows of the largest table that are committed in the target. */
async function copied(url: string, dir: string): Promise<number> {
  const config = readConfig({ FRONTDESK_DATA: dir, DATABASE_URL: url }, ROOT)
  const db = await connect(config, systemClock)
  try {
    if (!(await tablesThere(db)).has('contacts')) return 0
    const [row] = await db.rows<{ count: number | string }>(sql`select count(*) as count from contacts`)
    return Number(row!.count)
  } finally {
    await db.close()
  }
}

async function killedAndDone(t: Test, dir: string, from: string, to: string) {
  const args = ['db', 'copy', '--from', from, '--to', to]
  let before = 0
  for (let kill = 1; kill <= KILLS; kill++) {
    const { child, done } = frontdesk(dir, ...args)
    const wanted = Math.round((CONTACTS / (KILLS + 2)) * kill)
    await until(async () => child.exitCode !== null || (await copied(to, folder(t))) >= wanted, 60_000)
    child.kill('SIGKILL')
    await done
    const there = await copied(to, folder(t))
    t.ok(there > before && there < CONTACTS, `killed after ${there} rows`)
    before = there
  }
  const { code, out } = await frontdesk(dir, ...args).done
  t.equal(code, 0, out)
  t.match(out, /goes on with the copy that was begun before/)
  t.match(out, new RegExp(`contacts: ${CONTACTS - before} rows copied`), 'what was there is not copied again')
  t.match((await frontdesk(dir, 'db', 'compare', '--from', from, '--to', to).done).out, /all the same/)
}

t.test('killed twice, a copy ends as the same desk', async (t) => {
  const dir = await makeSource(t)
  const source = `sqlite:${path.join(dir, 'frontdesk.db')}`
  await t.test('SQLite to SQLite', (t) =>
    killedAndDone(t, dir, source, `sqlite:${path.join(folder(t), 'copy.db')}`),
  )
  const server = testServer()
  if (!server) return
  const schema = await createSchema(server)
  t.teardown(schema.drop)
  await t.test('SQLite to PostgreSQL', (t) => killedAndDone(t, dir, source, schema.url))
  await t.test('PostgreSQL to SQLite', (t) =>
    killedAndDone(t, dir, schema.url, `sqlite:${path.join(folder(t), 'copy.db')}`),
  )
})
