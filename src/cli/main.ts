// The command line: finds the command, reads its options and the configuration, says clearly what went wrong.
import { parseArgs } from 'node:util'
import { ROOT, VERSION } from '../app/root.js'
import { BackupError } from '../backup/errors.js'
import { type Config, ConfigError, readConfig } from '../config.js'
import { CopyError } from '../db/copy/errors.js'
import { MigrationError } from '../db/migrate.js'
import { isDeskError } from '../errors.js'
import { PluginError } from '../plugin/errors.js'
import { type Command, say, UsageError } from './command.js'
import { loadEnv } from './env.js'

/** Loaded one by one, so that a small command does not pay for the server. */
const commands: Record<string, () => Promise<Command>> = {
  start: async () => (await import('./commands/start.js')).start,
  serve: async () => (await import('./commands/start.js')).serve,
  'inbox create': async () => (await import('./commands/inbox.js')).inboxCreate,
  'inbox list': async () => (await import('./commands/inbox.js')).inboxList,
  'agent create': async () => (await import('./commands/people.js')).agentCreate,
  'token create': async () => (await import('./commands/people.js')).tokenCreate,
  ingest: async () => (await import('./commands/ingest.js')).ingest,
  messages: async () => (await import('./commands/messages.js')).messages,
  'mail inspect': async () => (await import('./commands/inspect.js')).inspect,
  'plugin list': async () => (await import('./commands/plugin.js')).pluginList,
  'plugin inspect': async () => (await import('./commands/plugin.js')).pluginInspect,
  'plugin doctor': async () => (await import('./commands/plugin.js')).pluginDoctor,
  'plugin uninstall': async () => (await import('./commands/plugin.js')).pluginUninstall,
  'plugin new': async () => (await import('./commands/plugin-new.js')).pluginNew,
  'plugin migration': async () => (await import('./commands/plugin-migration.js')).pluginMigration,
  backup: async () => (await import('./commands/backup.js')).backup,
  'backup verify': async () => (await import('./commands/backup.js')).backupVerify,
  restore: async () => (await import('./commands/backup.js')).restore,
  'db copy': async () => (await import('./commands/db.js')).dbCopy,
  'db compare': async () => (await import('./commands/db.js')).dbCompare,
  'blobs check': async () => (await import('./commands/blobs.js')).blobsCheck,
  'blobs copy': async () => (await import('./commands/blobs.js')).blobsCopy,
  'blobs collect': async () => (await import('./commands/blobs.js')).blobsCollect,
  migrate: async () => (await import('./commands/migrate.js')).migrateCommand,
}

async function main(argv: readonly string[]): Promise<number> {
  // Whatever is made here (database, blobs, outbox) holds letters of customers: for its owner only.
  process.umask(0o077)
  const [first = '', second = ''] = argv
  if (first === '--version') {
    say(VERSION)
    return 0
  }
  if (first === '' || first === 'help' || first === '--help') {
    await help()
    return 0
  }
  const two = commands[`${first} ${second}`]
  const load = two ?? commands[first]
  if (!load) {
    const own = await pluginCommand(first, second)
    if (own.found) return runCommand(own.found, argv.slice(2))
    const near = [...Object.keys(commands), ...own.others].filter((name) => name.startsWith(`${first} `))
    const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : '"frontdesk help" lists them'
    const off = own.isOff ? ` while the plugin "${first}" is off (FRONTDESK_PLUGINS)` : ''
    throw new UsageError(`there is no command "${[first, second].join(' ').trim()}"${off}; ${hint}`)
  }
  return runCommand(await load(), argv.slice(two ? 2 : 1))
}

interface Own {
  found?: Command
  /** What else of this plugin needs no desk. */
  others: string[]
  /** It is here, and not on: it may have this command. */
  isOff: boolean
}

/**
 * `frontdesk PLUGIN NAME`, looked at only when nothing of the core fits: first what needs no desk, and then the plugins
 * that are on.
 */
async function pluginCommand(plugin: string, name: string): Promise<Own> {
  const { bareCommands, listedCommands } = await import('./commands/plugin-bare.js')
  const called = (all: readonly Command[]) => all.find((command) => command.name === `${plugin} ${name}`)
  const there = await bareCommands(plugin)
  const bare = there ?? []
  const others = bare.map((command) => command.name)
  const plugins: readonly string[] = called(bare) ? [] : config().plugins
  const found = called(bare) ?? called(await listedCommands(plugins))
  const isOff = there !== undefined && !plugins.includes(plugin)
  if (found || plugins.length === 0) return { ...(found && { found }), others, isOff }
  const { commandOf } = await import('./commands/plugin-own.js')
  const own = await commandOf(config(), plugin, name)
  return { ...(own && { found: own }), others, isOff }
}

const config = () => readConfig(loadEnv(ROOT), ROOT)

async function runCommand(command: Command, rest: string[]): Promise<number> {
  if (rest.includes('--help')) {
    say(`usage: frontdesk ${command.usage}\n\n${command.summary}`)
    return 0
  }
  const { values, positionals } = readOptions(command, rest)
  let read: Config | undefined
  const input = {
    args: positionals,
    values,
    // What needs no configuration also runs where there is none, or one with mistakes.
    get config() {
      read ??= config()
      return read
    },
  }
  return (await command.run(input)) ?? 0
}

function readOptions(command: Command, args: string[]) {
  try {
    const parsed = parseArgs({ args, options: command.options ?? {}, allowPositionals: true, strict: true })
    return {
      values: parsed.values as Record<string, string | boolean | undefined>,
      positionals: parsed.positionals,
    }
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nusage: frontdesk ${command.usage}`)
  }
}

async function help() {
  say(`frontdesk ${VERSION}\n`)
  const core = await Promise.all(Object.values(commands).map((load) => load()))
  for (const { usage, summary } of [...core, ...(await ofPlugins())])
    say(`  frontdesk ${usage}\n      ${summary}`)
}

/** Commands of plugins that need no desk; the others are shown by `plugin inspect`. */
async function ofPlugins(): Promise<Command[]> {
  const { allBareCommands } = await import('./commands/plugin-bare.js')
  let listed: readonly string[] = []
  try {
    listed = config().plugins
  } catch {
    // The help helps also where the configuration has mistakes.
  }
  return allBareCommands(listed)
}

/** What the database said: for whoever sits at the machine, not for clients of the API. */
const because = ({ cause }: Error) => (cause instanceof Error ? `\n  ${cause.message}` : '')

function explain(error: unknown): number {
  const known =
    error instanceof UsageError ||
    error instanceof ConfigError ||
    error instanceof BackupError ||
    error instanceof CopyError ||
    isDeskError(error) ||
    error instanceof MigrationError ||
    error instanceof PluginError
  const more = isDeskError(error)
    ? (error.details.errors ?? []).map((e) => `\n  ${e.field}: ${e.message}`).join('') + because(error)
    : ''
  console.error(known ? `frontdesk: ${(error as Error).message}${more}` : error)
  return error instanceof UsageError ? 2 : 1
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error) => {
    // A server that failed half-way through its start must not stay.
    process.exit(explain(error))
  },
)
