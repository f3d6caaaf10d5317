// From the names of FRONTDESK_PLUGINS to definitions: a plugin of this installation, or a package.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { reasonOf } from '../errors.js'
import { checkDefinition } from './check.js'
import type { Plugin } from './define.js'
import { PluginError } from './errors.js'

/**
 * @param root the installation: its own plugins lie in dist/plugins, packages beside it are found from it.
 * @param cwd where a package is looked for after that.
 */
export async function loadPlugins(names: readonly string[], root: string, cwd: string): Promise<Plugin[]> {
  const plugins: Plugin[] = []
  for (const name of names) {
    const plugin = await importPlugin(name, locate(name, root, cwd))
    checkDefinition(plugin, name)
    plugins.push(plugin)
  }
  return plugins
}

/** The plugin of this name in the installation, or the package of this name; undefined where there is neither. */
export async function findPlugin(name: string, root: string, cwd: string): Promise<Plugin | undefined> {
  let file: string
  try {
    file = locate(name, root, cwd)
  } catch (error) {
    if (error instanceof PluginError && error.code === 'plugin_unknown') return undefined
    throw error
  }
  // Nobody has listed it: a package that happens to have this name must not run.
  if (!file.startsWith(path.join(root, 'dist', 'plugins')) && !isForUs(file, name)) return undefined
  const plugin = await importPlugin(name, file)
  checkDefinition(plugin, name)
  return plugin.name === name ? plugin : undefined
}

/** Whether the package that this file belongs to says that it needs frontdesk. */
function isForUs(file: string, name: string): boolean {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json')
    if (existsSync(manifest)) {
      const { name: own, dependencies, peerDependencies } = JSON.parse(readFileSync(manifest, 'utf8'))
      if (own === name) return 'frontdesk' in { ...dependencies, ...peerDependencies }
    }
    if (folder === path.dirname(folder)) return false
  }
}

function locate(name: string, root: string, cwd: string): string {
  if (/^[a-z][a-z0-9-]*$/.test(name)) {
    const own = path.join(root, 'dist', 'plugins', name, 'index.js')
    if (existsSync(own)) return own
  }
  if (/^(@[a-z0-9~][\w.~-]*\/)?[a-z0-9~][\w.~-]*$/i.test(name))
    for (const folder of [root, cwd])
      try {
        return createRequire(path.join(folder, 'package.json')).resolve(name)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'MODULE_NOT_FOUND')
          throw new PluginError('plugin_broken', name, `its package cannot be resolved (${code})`, {
            cause: error,
          })
      }
  throw new PluginError(
    'plugin_unknown',
    name,
    `there is no dist/plugins/${name} in this installation, and no package "${name}" beside it or in ${cwd}`,
  )
}

async function importPlugin(name: string, file: string): Promise<Plugin> {
  try {
    return ((await import(pathToFileURL(file).href)) as { default: Plugin }).default
  } catch (error) {
    const reason = reasonOf(error)
    throw new PluginError('plugin_broken', name, `its module could not be loaded: ${reason}`, {
      cause: error,
    })
  }
}
