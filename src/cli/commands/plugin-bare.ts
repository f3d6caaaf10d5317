// Commands that are data of a plugin: they run without a database and without configuration, also where the plugin is
// not on. So nothing of the desk is loaded here.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../../app/root.js'
import type { Command as OwnCommand } from '../../plugin/command.js'
import type { Plugin } from '../../plugin/define.js'
import { findPlugin, loadPlugins } from '../../plugin/load.js'
import type { Command } from '../command.js'
import { openLines } from '../lines.js'

/** A command of a plugin as one of the command line. */
export const asCommand = (plugin: string, own: OwnCommand, after = async () => {}): Command => ({
  name: `${plugin} ${own.name}`,
  usage: own.usage ?? `${plugin} ${own.name}`,
  summary: own.summary,
  ...(own.options && { options: own.options }),
  async run({ args, values }) {
    const { stdin, say, end } = openLines(() => process.stdin, process.stdout)
    try {
      return await own.run({ args, values, stdin, say })
    } finally {
      end()
      await after()
    }
  },
})

const bare = ({ name, commands = [] }: Plugin) => commands.map((command) => asCommand(name, command))

/** Those of one plugin of this installation, or of a package with its name; undefined where there is neither. */
export async function bareCommands(name: string): Promise<Command[] | undefined> {
  const plugin = await findPlugin(name, ROOT, process.cwd())
  return plugin && bare(plugin)
}

/** Those of the plugins that are listed: their packages can have other names. */
export const listedCommands = async (listed: readonly string[]): Promise<Command[]> =>
  (await loadPlugins(listed, ROOT, process.cwd())).flatMap(bare)

/** For the help: those of the installation and those that are listed; one that is broken has nothing to show. */
export async function allBareCommands(listed: readonly string[]): Promise<Command[]> {
  const folder = path.join(ROOT, 'dist', 'plugins')
  const own = existsSync(folder) ? readdirSync(folder) : []
  const found = new Map<string, Command>()
  for (const name of new Set([...own, ...listed]))
    for (const command of await listedCommands([name]).catch(() => [])) found.set(command.name, command)
  return [...found.values()]
}
