// frontdesk backup | backup verify | restore
import { makeBackup } from '../../backup/create.js'
import type { Manifest } from '../../backup/manifest.js'
import { restoreBackup } from '../../backup/restore.js'
import { verifyBackup } from '../../backup/verify.js'
import { systemClock } from '../../clock.js'
import { type Command, say, UsageError } from '../command.js'

const only = (args: readonly string[], usage: string): string => {
  const [one, ...more] = args
  if (!one || more.length > 0) throw new UsageError(`usage: frontdesk ${usage}`)
  return one
}

export const backup: Command = {
  name: 'backup',
  usage: 'backup FOLDER',
  summary:
    'Back the desk up while it works: database, blobs, spool, outbox and the SECRET. Again into the same folder: another backup, only new blobs are copied.',
  async run({ args, config }) {
    const { folder, manifest, freshBlobs } = await makeBackup(config, only(args, this.usage), systemClock)
    say(`backup: ${folder}`)
    tell(manifest)
    say(`${freshBlobs} blobs were not in the folder before`)
    if (manifest.secret === 'here')
      say('It holds the SECRET of the desk and all letters of customers: keep it where only you can read it.')
    else say('FRONTDESK_SECRET is NOT in it: keep that apart; without it sealed settings cannot be read.')
    return ailing(manifest)
  },
}

export const backupVerify: Command = {
  name: 'backup verify',
  usage: 'backup verify FOLDER',
  summary: 'Read a backup (or the newest in a folder of them) and compare every byte with its manifest.',
  async run({ args }) {
    const { folder, manifest } = await verifyBackup(only(args, this.usage))
    say(`${folder} is whole`)
    tell(manifest)
    return ailing(manifest)
  },
}

export const restore: Command = {
  name: 'restore',
  usage: 'restore BACKUP',
  summary:
    'Restore a backup (or the newest in a folder of them) into an empty data folder; verifies it first.',
  async run({ args, config }) {
    const { folder, manifest } = await restoreBackup(config, only(args, this.usage))
    say(`restored ${folder} to ${config.dataDir}`)
    tell(manifest)
    if (manifest.secret === 'environment')
      say(
        'The secret is not in this backup: set the FRONTDESK_SECRET that this desk had before you start it.',
      )
    return ailing(manifest)
  },
}

function tell({ begun, frontdesk, database, files, blobs }: Manifest) {
  const rows = Object.values(database.tables).reduce((sum, count) => sum + count, 0)
  const { tickets = 0, messages = 0, intakes = 0 } = database.tables
  say(`of ${begun}, frontdesk ${frontdesk}, ${database.kind}`)
  say(`${files.count} files, ${(files.bytes / 1e6).toFixed(1)} MB; ${rows} rows`)
  say(`${tickets} tickets, ${messages} messages, ${intakes} intakes`)
  if (blobs !== 'here') say('Raw mail and attachments are in the bucket of BLOBS_URL, not in the backup.')
}

/** What was wrong in the desk already is in the backup too; somebody has to hear of it. */
function ailing({ damaged, missing }: Manifest): number {
  for (const hash of damaged)
    console.error(`frontdesk: the bytes of the blob ${hash} are damaged in the desk`)
  for (const hash of missing)
    console.error(`frontdesk: the blob ${hash} is named in the database, but missing`)
  return damaged.length + missing.length > 0 ? 1 : 0
}
