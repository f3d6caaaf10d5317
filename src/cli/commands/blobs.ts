// frontdesk blobs …: compare the stored files with the database, move them, take away what nobody refers to.
import { access } from 'node:fs/promises'
import path from 'node:path'
import { type Blobs, openBlobs } from '../../blobs/blobs.js'
import { collectBlobs } from '../../blobs/collect.js'
import { checkBlobs, copyBlobs } from '../../blobs/upkeep.js'
import { systemClock } from '../../clock.js'
import { type BlobPlace, type Config, ConfigError, readS3 } from '../../config.js'
import { type Command, plain, say, UsageError } from '../command.js'
import { withDb } from '../desk.js'

const tell = (hash: string, what: string) => say(`${hash} ${what}`)

export const blobsCheck: Command = {
  name: 'blobs check',
  usage: 'blobs check',
  summary:
    'Read every raw mail and attachment that the database refers to, and name what is missing or wrong.',
  async run({ config }) {
    const found = await withBlobs(config.blobs, (blobs) =>
      withDb(config, (db) => checkBlobs(db, blobs, tell)),
    )
    say(
      `${found.referenced} referred to: ${found.missing} missing, ${found.wrong} wrong; ${found.unreferenced} that nothing refers to, ${found.trash} in the trash`,
    )
    return found.missing + found.wrong > 0 ? 1 : 0
  },
}

export const blobsCopy: Command = {
  name: 'blobs copy',
  usage: 'blobs copy [--from FOLDER|URL] [--to FOLDER|URL]',
  summary:
    'Copy all raw mail and attachments to another place, comparing each; what is left out is the place of the configuration. Run again, it goes on.',
  options: { from: { type: 'string' }, to: { type: 'string' } },
  async run({ values, config }) {
    if (values.from === undefined && values.to === undefined)
      throw new UsageError(`usage: frontdesk ${this.usage}`)
    const from = placeFrom('--from', values.from, config)
    const to = placeFrom('--to', values.to, config)
    if (JSON.stringify(from) === JSON.stringify(to)) throw new UsageError('both places are the same')
    if (from.kind === 'folder')
      await access(from.folder).catch(() => {
        throw new UsageError(`there is no folder ${plain(from.folder)}`)
      })
    const done = await withBlobs(from, (source) => withBlobs(to, (target) => copyBlobs(source, target, tell)))
    say(`${done.copied} copied, ${done.there} there already; ${done.wrong} wrong, ${done.missing} missing`)
    return done.wrong + done.missing > 0 ? 1 : 0
  },
}

export const blobsCollect: Command = {
  name: 'blobs collect',
  usage: 'blobs collect [--force]',
  summary:
    'Throw away what nothing in the database refers to: first into the trash, and after three days for good.',
  options: { force: { type: 'boolean' } },
  async run({ values, config }) {
    const done = await withBlobs(config.blobs, (blobs) =>
      withDb(config, (db) => collectBlobs(db, blobs, systemClock, values.force === true)),
    )
    if (done.doubted > 0) {
      console.error(
        `frontdesk: nothing refers to ${done.doubted} blobs, more than half of all, so nothing was done: is this the right database, and the right store? If so, use --force`,
      )
      return 1
    }
    say(`${done.discarded} moved to the trash, ${done.restored} back out of it, ${done.erased} erased`)
    return 0
  },
}

async function withBlobs<T>(place: BlobPlace, work: (blobs: Blobs) => Promise<T>): Promise<T> {
  const blobs = await openBlobs(place)
  try {
    return await work(blobs)
  } finally {
    blobs.close()
  }
}

function placeFrom(option: string, value: string | boolean | undefined, config: Config): BlobPlace {
  if (typeof value !== 'string') return config.blobs
  if (!/^\w+:\/\//.test(value)) return { kind: 'folder', folder: path.resolve(value) }
  const problems: string[] = []
  const place = readS3(option, value, problems)
  if (!place) throw new ConfigError(problems)
  // Everybody on the machine can read arguments.
  if (place.credentials)
    throw new UsageError(
      `${option}: no user and password here; put them into BLOBS_URL, or into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    )
  return place
}
