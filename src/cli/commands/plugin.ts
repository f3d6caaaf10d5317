// frontdesk plugin list | inspect | doctor | uninstall: the plugins of this desk, beside a running one too.

import { type App, createApp } from '../../app/app.js'
import { openDatabase } from '../../app/database.js'
import { createLog } from '../../app/log.js'
import { ROOT } from '../../app/root.js'
import { systemClock } from '../../clock.js'
import type { Config } from '../../config.js'
import { diagnose } from '../../plugin/doctor.js'
import { allInstalled, jobsOf, uninstall } from '../../plugin/lifecycle.js'
import { loadPlugins } from '../../plugin/load.js'
import { type Command, plain, say, UsageError } from '../command.js'

/** The plugins are set up, but nothing is started. */
async function withApp<T>(config: Config, work: (app: App) => Promise<T>): Promise<T> {
  const app = await createApp({ config, log: createLog('warn', 2) })
  try {
    return await work(app)
  } finally {
    await app.stop()
  }
}

const nameFrom = (args: readonly string[], usage: string): string => {
  const [name, ...more] = args
  if (!name || more.length > 0) throw new UsageError(`usage: frontdesk ${usage}`)
  return name
}

export const pluginList: Command = {
  name: 'plugin list',
  usage: 'plugin list',
  summary: 'Plugins that are on (FRONTDESK_PLUGINS), and those that were once.',
  run: ({ config }) =>
    withApp(config, async ({ db, plugins }) => {
      for (const { plugin } of plugins.all)
        say(`on   ${plugin.name} ${plugin.version}  ${plugin.description ?? ''}`.trimEnd())
      for (const { name, version } of await allInstalled(db))
        if (!plugins.all.some(({ plugin }) => plugin.name === name)) say(`off  ${name} ${version}`)
      return 0
    }),
}

export const pluginInspect: Command = {
  name: 'plugin inspect',
  usage: 'plugin inspect NAME',
  summary: 'What a plugin registers and owns.',
  run: ({ args, config }) =>
    withApp(config, async ({ db, plugins }) => {
      const name = nameFrom(args, pluginInspect.usage)
      const loaded = plugins.all.find(({ plugin }) => plugin.name === name)
      if (!loaded) throw new UsageError(`the plugin "${name}" is not on; see: frontdesk plugin list`)
      const { plugin, registered } = loaded
      const lines: [string, readonly string[]][] = [
        ['requires', Object.entries(plugin.requires ?? {}).map(([other, range]) => `${other} ${range}`)],
        ['settings', Object.keys(plugin.settings?.properties ?? {}).map((key) => `${name}.${key}`)],
        ['permissions', Object.keys(plugin.permissions ?? {}).map((key) => `${name}:${key}`)],
        ['fields', Object.keys(plugin.fields ?? {}).map((key) => `${name}.${key}`)],
        ['workflows', (plugin.workflows ?? []).map((workflow) => workflow.name)],
        ['channels', (plugin.channels ?? []).map((channel) => channel.name)],
        ['events', (plugin.events ?? []).map((event) => event.name)],
        ['handlers', plugins.handlers(name).map(({ handler }) => handler)],
        ['routes', registered.routes.map(({ method, url }) => `${method} /api/plugins/${name}${url}`)],
        [
          'commands',
          [...(plugin.commands ?? []), ...registered.commands].map(
            (command) => `frontdesk ${name} ${command.name}`,
          ),
        ],
        ['jobs', (await jobsOf(db, name)).map(({ job, state, count }) => `${job}: ${count} ${state}`)],
      ]
      say(`${name} ${plugin.version} (plugin API ${plugin.api})`)
      for (const [title, found] of lines) for (const line of found) say(`${title.padEnd(12)} ${line}`)
      return 0
    }),
}

export const pluginDoctor: Command = {
  name: 'plugin doctor',
  usage: 'plugin doctor [NAME] [--on HANDLER]',
  summary:
    'What is wrong with plugins; --on switches a handler on again. Exit code 1 when something is wrong.',
  options: { on: { type: 'string' } },
  run: ({ args: [name], values, config }) =>
    withApp(config, async ({ db, plugins }) => {
      if (typeof values.on === 'string' && name) {
        const handler = values.on
        if (!(await db.transaction((tx) => plugins.switchOn(tx, name, handler))))
          throw new UsageError(
            `the plugin "${name}" has no handler "${values.on}"; see: frontdesk plugin inspect ${name}`,
          )
        say(`${name}: ${values.on} is on again; a running desk follows within five seconds`)
        return 0
      }
      const names = name ? [name] : plugins.all.map(({ plugin }) => plugin.name)
      let wrong = 0
      for (const one of names) {
        const { findings } = await diagnose(db, plugins, one)
        wrong += findings.length
        if (findings.length === 0) say(`${one}: nothing found`)
        for (const { what, todo } of findings) say(`${one}: ${plain(what)}\n    ${plain(todo)}`)
      }
      return wrong > 0 ? 1 : 0
    }),
}

export const pluginUninstall: Command = {
  name: 'plugin uninstall',
  usage: 'plugin uninstall NAME --yes',
  summary:
    'Drop the tables, settings, fields and jobs of a plugin that is off. What it did to tickets stays.',
  options: { yes: { type: 'boolean' } },
  async run({ args, values, config }) {
    const name = nameFrom(args, pluginUninstall.usage)
    if (values.yes !== true)
      throw new UsageError(`this drops all data of the plugin "${name}"; to do it, say --yes`)
    const db = await openDatabase(config, systemClock)
    try {
      const listed = await loadPlugins(config.plugins, ROOT, process.cwd())
      const tables = await uninstall(
        db,
        name,
        listed.map((plugin) => plugin.name),
      )
      say(`${name} is uninstalled${tables.length > 0 ? `; dropped: ${tables.join(', ')}` : ''}`)
    } finally {
      await db.close()
    }
    return 0
  },
}
