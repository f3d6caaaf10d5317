// A backup and what is made of it: whole, small the second time, and refused when it is not what it says.
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { createApp } from '../../src/app/app.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { makeBackup } from '../../src/backup/create.js'
import { restoreBackup } from '../../src/backup/restore.js'
import { verifyBackup } from '../../src/backup/verify.js'
import { readConfig } from '../../src/config.js'
import { sha256 } from '../../src/settings/secrets.js'
import { testApp } from '../../src/testing/index.js'
import { folder } from '../support/databases.js'
import { mail } from '../support/mails.js'

const configOf = (dir: string) =>
  readConfig({ FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0', LOG_LEVEL: 'silent' }, ROOT)

/** A desk with two mails in the database and one in the spool, and its backup. */
async function backedUp(t: Test) {
  const app = await testApp(t)
  await app.mail(mail({ subject: 'one', id: '1@guest.example', text: 'first' }))
  await app.mail(mail({ subject: 'two', id: '2@guest.example', text: 'second' }))
  await app.spool.put(Buffer.from(mail({ subject: 'three', id: '3@guest.example' })), app.inbox.address)
  const root = path.join(folder(t), 'backups')
  const backup = await makeBackup(app.config, root, app.clock)
  return { app, root, backup }
}

t.test('a restored desk has all there was, the mail in the spool too, and works', async (t) => {
  const { app, root, backup } = await backedUp(t)
  t.match(backup.manifest, { damaged: [], missing: [], secret: 'here', database: { tables: { tickets: 2 } } })
  const dir = path.join(folder(t), 'data')
  await restoreBackup(configOf(dir), root)
  t.same(readdirSync(dir).sort(), ['blobs', 'frontdesk.db', 'secret', 'spool'])
  t.equal(
    readFileSync(path.join(dir, 'secret'), 'utf8'),
    readFileSync(path.join(app.dir, 'secret'), 'utf8'),
    'the secret is the old one',
  )
  const desk = await createApp({ config: configOf(dir), log: createLog('silent') })
  t.teardown(() => desk.stop())
  t.equal((await desk.spool.list()).length, 1)
  for (const { rawHash } of await desk.db.select().from(desk.db.t.intakes))
    t.equal(sha256(readFileSync(path.join(dir, 'blobs', rawHash.slice(0, 2), rawHash))), rawHash)
  for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    const stats = statSync(path.join(dir, file))
    if (stats.isFile() && !/-(wal|shm)$|\.lock/.test(file)) t.equal(stats.mode & 0o077, 0, file)
  }
})

t.test('the second backup in a folder copies only new blobs, and the first stays whole', async (t) => {
  const { app, root, backup } = await backedUp(t)
  await app.mail(mail({ subject: 'four', id: '4@guest.example', text: 'fourth' }))
  app.clock.advance(1000)
  const second = await makeBackup(app.config, root, app.clock)
  t.equal(backup.freshBlobs, 2)
  t.equal(second.freshBlobs, 1)
  t.equal((await verifyBackup(backup.folder)).manifest.database.tables.tickets, 2)
  t.equal((await verifyBackup(root)).manifest.database.tables.tickets, 3, 'the folder means the newest')
})

t.test('what was changed after the backup is found, and nothing of it restored', async (t) => {
  const { root, backup } = await backedUp(t)
  const dir = path.join(folder(t), 'data')
  const blob = readdirSync(path.join(root, 'blobs'), { recursive: true, encoding: 'utf8' }).find(
    (file) => path.basename(file).length === 64,
  )!
  const spoolFile = path.join('spool/new', readdirSync(path.join(backup.folder, 'spool/new'))[0]!)
  for (const file of ['frontdesk.db', 'secret', 'SHA256SUMS', spoolFile, path.join('../blobs', blob)]) {
    const where = path.join(backup.folder, file)
    const before = readFileSync(where)
    const after = Buffer.from(before)
    after[after.length - 2]! ^= 1
    rmSync(where)
    writeFileSync(where, after)
    await t.rejects(
      restoreBackup(configOf(dir), root),
      { name: 'BackupError' },
      `${file} with one bit changed`,
    )
    rmSync(where)
    await t.rejects(restoreBackup(configOf(dir), root), { name: 'BackupError' }, `${file} missing`)
    t.notOk(existsSync(path.join(dir, 'frontdesk.db')))
    writeFileSync(where, before)
  }
  await restoreBackup(configOf(dir), root)
  t.ok(existsSync(path.join(dir, 'frontdesk.db')), 'with all of it as it was it can be restored')
})

t.test(
  'a backup that was not finished is none; one of a newer version, or odd paths, are refused',
  async (t) => {
    const { app, root, backup } = await backedUp(t)
    const dir = path.join(folder(t), 'data')
    const manifest = path.join(backup.folder, 'manifest.json')
    const good = readFileSync(manifest, 'utf8')
    const change = (edit: (manifest: Record<string, unknown>) => void) => {
      const value = JSON.parse(good) as Record<string, unknown>
      edit(value)
      writeFileSync(manifest, JSON.stringify(value))
    }
    const refused = (message: RegExp) => t.rejects(restoreBackup(configOf(dir), root), { message })
    rmSync(manifest)
    await refused(/no backup at .*without a manifest/)
    change((value) => {
      value.format = 2
    })
    await refused(/format 2/)
    change((value) => {
      value.frontdesk = '99.0.0'
    })
    await refused(/made by frontdesk 99/)
    change((value) => {
      const { migrations } = value.database as { migrations: object[] }
      migrations.push({ scope: 'core', name: '9999_later' })
    })
    await refused(/newer version \(the migration 9999_later/)
    const sums = path.join(backup.folder, 'SHA256SUMS')
    const text = `${readFileSync(sums, 'utf8')}${'0'.repeat(64)}  ../../../../etc/passwd\n`
    writeFileSync(sums, text)
    change((value) => {
      value.files = { count: text.split('\n').length - 1, bytes: 0, sums: sha256(text) }
    })
    await refused(/a line that no backup has/)
    t.notOk(existsSync(dir), 'nothing was made')
    app.clock.advance(1000)
    await makeBackup(app.config, root, app.clock)
    await restoreBackup(configOf(dir), root)
  },
)

t.test('a restore destroys nothing', async (t) => {
  const { app, root } = await backedUp(t)
  await t.rejects(restoreBackup(app.config, root), { message: /not empty/ })
  t.equal((await app.db.select().from(app.db.t.tickets)).length, 2)
  await t.rejects(makeBackup(app.config, path.join(app.dir, 'backups'), app.clock), {
    message: /inside the data folder/,
  })
  await t.rejects(makeBackup(configOf(folder(t)), root, app.clock), { message: /no desk to back up/ })
})

t.test('blobs that are damaged or missing in the desk do not stop the backup, but are told of', async (t) => {
  const { app, root } = await backedUp(t)
  const [first, second] = (await app.db.select().from(app.db.t.intakes)).map(({ rawHash }) => rawHash)
  const fileOf = (hash: string) => path.join(app.dir, 'blobs', hash.slice(0, 2), hash)
  const fresh = path.join(path.dirname(root), 'others')
  chmodSync(fileOf(first!), 0o600)
  rmSync(fileOf(first!))
  writeFileSync(fileOf(first!), 'rotten')
  rmSync(fileOf(second!))
  for (let round = 0; round < 2; round++) {
    app.clock.advance(1000)
    const { manifest } = await makeBackup(app.config, fresh, app.clock)
    t.match(manifest, { damaged: [first], missing: [second] })
    await verifyBackup(fresh)
  }
})
