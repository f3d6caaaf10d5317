// What PostgreSQL says about a failed query goes into the log and into the reason of a dead job: without its values.
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import t from 'tap'
import { newId } from '../../src/clock.js'
import { closePglite, testApp } from '../../src/testing/index.js'

t.teardown(closePglite)
t.test('an error of the database tells what is wrong, and no value that was to be stored', async (t) => {
  const { db } = await testApp(t, { database: 'postgres' })
  const agent = {
    id: newId(),
    name: 'planted-name',
    email: 'planted-address',
    roleId: newId(),
    passwordHash: 'planted-hash',
    active: true,
  }
  const failing = db.transaction(async (tx) => {
    await tx.exec(sql.raw(`alter table agents add constraint no_plants check (name not like 'planted%')`))
    await tx.insert(tx.t.agents).values({ ...agent, createdAt: tx.now })
  })
  const error = await failing.then(
    () => t.fail('it was stored'),
    (error: Error) => error,
  )
  const lines: string[] = []
  pino({}, { write: (line) => void lines.push(line) }).error({ err: error }, 'a request failed')
  t.match(lines[0], 'no_plants')
  t.notMatch(lines[0], 'planted-')
  const twice = db.transaction(async (tx) => {
    const role = { id: newId(), name: 'admin', permissions: ['planted-permission'], allInboxes: false }
    await tx.insert(tx.t.roles).values(role)
  })
  const known = await twice.catch((error: unknown) => error)
  t.ok(db.dialect.isUniqueViolation(known), 'and it is still known for what it is')
})
