// Why a plugin was refused: each reason with its own code, named before anything of the plugin has run.
export const refusals = {
  plugin_unknown: 'there is no plugin of this name, neither in this installation nor as a package',
  plugin_broken: 'its module could not be loaded',
  plugin_invalid: 'its definition is not what definePlugin takes',
  plugin_twice: 'it is listed twice',
  plugin_api: 'it was written for another version of the plugin API',
  plugin_requires: 'it requires a plugin that is not listed',
  plugin_requires_version: 'it requires another version of a plugin',
  plugin_tables: 'a table of it has the name of one that is there',
  plugin_cycle: 'it and others wait for each other',
  plugin_migration: 'its tables could not be brought up to date',
  plugin_install: 'its installation failed',
  plugin_setup: 'its setup failed',
} as const

export type Refusal = keyof typeof refusals

/** Stops the boot, naming the plugin. */
export class PluginError extends Error {
  override readonly name = 'PluginError'
  constructor(
    readonly code: Refusal,
    readonly plugin: string,
    detail: string,
    options?: { cause: unknown },
  ) {
    super(`plugin "${plugin}" [${code}]: ${detail}`, options)
  }
}
