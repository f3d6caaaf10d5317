// What a backup does with blobs that are in the trash, or in a bucket.
import path from 'node:path'
import t from 'tap'
import { makeBackup } from '../../src/backup/create.js'
import { openFolder } from '../../src/blobs/folder.js'
import { testApp } from '../../src/testing/index.js'
import { folder } from '../support/databases.js'
import { mail } from '../support/mails.js'
import { startS3 } from '../support/s3.js'

t.test('a blob in the trash that a row refers to is in the backup', async (t) => {
  const app = await testApp(t)
  const { rawHash } = await app.mail(mail({}))
  const blobs = openFolder(path.join(app.dir, 'blobs'))
  await blobs.upkeep.discard(String(rawHash), app.clock.now())
  const { manifest, freshBlobs } = await makeBackup(app.config, folder(t), app.clock)
  t.equal(freshBlobs, 1)
  t.match(manifest, { blobs: 'here', missing: [], damaged: [] })
})

t.test('of a desk with a bucket the backup says that the blobs are there, and misses none', async (t) => {
  const s3 = await startS3(t)
  const app = await testApp(t, { env: { BLOBS_URL: s3.url } })
  await app.mail(mail({}))
  const { manifest, freshBlobs } = await makeBackup(app.config, folder(t), app.clock)
  t.equal(freshBlobs, 0)
  t.match(manifest, { blobs: 'bucket', missing: [] })
})
