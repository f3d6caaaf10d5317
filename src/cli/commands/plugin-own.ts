// A command that a plugin registers: `frontdesk PLUGIN NAME`. The plugin is set up for it, but nothing is started.
import { createApp } from '../../app/app.js'
import { createLog } from '../../app/log.js'
import type { Config } from '../../config.js'
import type { Command } from '../command.js'
import { asCommand } from './plugin-bare.js'

export async function commandOf(config: Config, plugin: string, name: string): Promise<Command | undefined> {
  const app = await createApp({ config, log: createLog('warn', 2) })
  const loaded = app.plugins.all.find((one) => one.plugin.name === plugin)
  const own = loaded?.registered.commands.find((command) => command.name === name)
  if (own) return asCommand(plugin, own, () => app.stop())
  await app.stop()
  return undefined
}
