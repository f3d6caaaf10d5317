// A backup of a desk on PostgreSQL: needs a real server (FRONTDESK_TEST_POSTGRES) and its tools on the PATH.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { connect, prepare } from '../../src/app/database.js'
import { ROOT } from '../../src/app/root.js'
import { makeBackup } from '../../src/backup/create.js'
import { restoreBackup } from '../../src/backup/restore.js'
import { verifyBackup } from '../../src/backup/verify.js'
import { systemClock } from '../../src/clock.js'
import { readConfig } from '../../src/config.js'
import { createSchema, testServer } from '../../src/testing/databases.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { folder } from '../support/databases.js'

const server = testServer()
const skip = !server || !hasTools() ? 'no PostgreSQL, or no pg_dump' : false

t.test('a desk on PostgreSQL is dumped and restored by its own tools', { skip }, async (t) => {
  const schema = await createSchema(server!)
  const configOf = (dir: string) => readConfig({ FRONTDESK_DATA: dir, DATABASE_URL: schema.url }, ROOT)
  const root = folder(t)
  const config = configOf(path.join(root, 'data'))
  const db = await prepare(await connect(config, systemClock))
  await db.transaction((tx) => createInbox(tx, { address: 'help@desk.example' }))
  const backups = path.join(root, 'backups')
  const { manifest } = await makeBackup(config, backups, systemClock)
  t.match(manifest.database, { kind: 'postgres', file: 'database.dump', tables: { inboxes: 1, tickets: 0 } })
  await verifyBackup(backups)
  await db.close()

  const there = configOf(path.join(root, 'restored'))
  await t.rejects(restoreBackup(there, backups), { message: /not empty/ })
  await schema.drop()
  t.teardown(schema.drop)
  await t.rejects(restoreBackup(readConfig({ FRONTDESK_DATA: there.dataDir }, ROOT), backups), {
    message: /of a desk on PostgreSQL/,
  })
  await restoreBackup(there, backups)
  t.notOk(existsSync(path.join(there.dataDir, 'database.dump')))
  t.same(readdirSync(there.dataDir), [])
  const restored = await prepare(await connect(there, systemClock))
  t.match(await restored.select().from(restored.t.inboxes), [{ address: 'help@desk.example' }])
  await restored.close()
})

t.test('without pg_dump it says what is missing', { skip }, async (t) => {
  const schema = await createSchema(server!)
  t.teardown(schema.drop)
  const config = readConfig({ FRONTDESK_DATA: folder(t), DATABASE_URL: schema.url }, ROOT)
  await (await prepare(await connect(config, systemClock))).close()
  const { PATH } = process.env
  process.env.PATH = '/nowhere'
  t.teardown(() => {
    process.env.PATH = PATH
  })
  const into = folder(t)
  await t.rejects(makeBackup(config, into, systemClock), { message: /pg_dump is not on the PATH/ })
  t.same(readdirSync(into), [], 'nothing half is left')
})

function hasTools(): boolean {
  try {
    execFileSync('pg_dump', ['--version'])
    return true
  } catch {
    return false
  }
}
