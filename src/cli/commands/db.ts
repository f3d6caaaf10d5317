// frontdesk db copy | db compare: a desk moves from one database to another.
import { existsSync } from 'node:fs'
import { type Copied, compareDesks, copyDesk } from '../../app/copy.js'
import { connect, isPostgres, migrateCore, sqliteFile } from '../../app/database.js'
import { holdWrites, lockFolders } from '../../app/hold.js'
import { ROOT } from '../../app/root.js'
import { systemClock } from '../../clock.js'
import type { Config } from '../../config.js'
import { CopyError } from '../../db/copy/errors.js'
import { mustBeWhole } from '../../db/copy/progress.js'
import { tablesThere } from '../../db/there.js'
import type { Db } from '../../db/types.js'
import type { Plugin } from '../../plugin/define.js'
import { loadPlugins } from '../../plugin/load.js'
import { migratePlugin } from '../../plugin/tables.js'
import { type Command, type CommandInput, say, UsageError } from '../command.js'

const options = { from: { type: 'string' }, to: { type: 'string' } } as const

export const dbCopy: Command = {
  name: 'db copy',
  usage: 'db copy [--from DATABASE] --to DATABASE',
  summary:
    'Copy a desk that is stopped into an empty database (sqlite:PATH or postgres://…), then compare both. Killed, it goes on when it is run again.',
  options,
  run: (input) =>
    withBoth(input, dbCopy, async (from, to, plugins) => {
      const copied = await copyDesk({ from, to, plugins, tell: say })
      print(copied)
      if (copied.same) {
        say('the copy is complete; set DATABASE_URL to it')
        return 0
      }
      say(
        'The copy is NOT the same as its source: empty the target and copy again. No desk starts on it as it is.',
      )
      return 1
    }),
}

export const dbCompare: Command = {
  name: 'db compare',
  usage: 'db compare [--from DATABASE] --to DATABASE',
  summary: 'Compare every row of two databases of one desk, table by table.',
  options,
  run: (input) =>
    withBoth(input, dbCompare, async (from, to, plugins) => {
      await mustBeWhole(to)
      const copied = await compareDesks({ from, to, plugins })
      print(copied)
      return copied.same ? 0 : 1
    }),
}

async function withBoth(
  { config, values, args }: CommandInput,
  { usage }: Command,
  work: (from: Db, to: Db, plugins: Plugin[]) => Promise<number>,
): Promise<number> {
  const source = values.from === undefined ? config.databaseUrl : String(values.from)
  const target = String(values.to ?? '')
  for (const url of [source, target])
    if (!isAddress(url) || args.length > 0)
      throw new UsageError(`usage: frontdesk ${usage}\nDATABASE is sqlite:PATH or postgres://USER@HOST/NAME`)
  if (source === target) throw new UsageError('--from and --to are the same database')
  if (!isPostgres({ databaseUrl: source }) && !existsSync(sqliteFile(source)))
    throw new CopyError(`there is no database ${sqliteFile(source)}`)
  const plugins = await loadPlugins(config.plugins, ROOT, process.cwd())
  const locks = lockFolders(config, [source, target])
  const opened: { close(): Promise<void> }[] = []
  const open = async (databaseUrl: string) => {
    const db = await connect({ ...config, databaseUrl } as Config, systemClock)
    opened.unshift(db)
    return db
  }
  try {
    const from = await open(source)
    await bringUpToDate(from, plugins)
    const held = await holdWrites(source, from)
    opened.unshift({ close: held.release })
    return await work(from, await open(target), plugins)
  } finally {
    for (const one of opened) await one.close()
    locks.release()
  }
}

async function bringUpToDate(from: Db, plugins: readonly Plugin[]) {
  if (!(await tablesThere(from)).has('schema_migrations')) throw new CopyError('the source holds no desk')
  await mustBeWhole(from)
  await migrateCore(from)
  for (const plugin of plugins) await migratePlugin(from, plugin)
}

const isAddress = (url: string): boolean =>
  /^sqlite:./.test(url) || (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url))

function print({ tables }: Copied) {
  const width = Math.max(...tables.map(({ name }) => name.length))
  const line = (name: string, rows: string[], sums: string[], verdict: string) =>
    say(
      [
        name.padEnd(width),
        ...rows.map((text) => text.padStart(10)),
        ...sums.map((text) => text.padEnd(32)),
        verdict,
      ].join('  '),
    )
  line('table', ['source', 'target'], ['checksum of source', 'checksum of target'], '')
  for (const { name, from, to, same } of tables)
    line(name, [`${from.rows}`, `${to.rows}`], [from.sum, to.sum], same ? 'same' : 'DIFFERENT')
  const rows = tables.reduce((sum, { from }) => sum + from.rows, 0)
  const different = tables.filter(({ same }) => !same).length
  say(
    `${tables.length} tables, ${rows} rows: ${different === 0 ? 'all the same' : `${different} tables differ`}`,
  )
}
