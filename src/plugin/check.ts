// What can be known of plugins without running them: whether each definition is whole, and in which order they go.
import semver from 'semver'
import type { TSchema } from 'typebox'
import Value from 'typebox/value'
import { reasonOf } from '../errors.js'
import { API_VERSION, type Plugin } from './define.js'
import { PluginError } from './errors.js'

const NAME = /^[a-z][a-z0-9-]{1,39}$/
/** Prefixes of the core: settings, permissions and folders begin with them, and the commands of the command line. */
export const RESERVED = new Set(
  (
    'core desk replies tickets intake intakes contacts settings operations plugin plugins new migration frontdesk ' +
    'start serve inbox agent token ingest messages mail backup restore db blobs migrate help'
  ).split(' '),
)

/** @throws PluginError `plugin_invalid` or `plugin_api`. */
export function checkDefinition(plugin: Plugin, listedAs: string): void {
  const { name, version, api } = plugin ?? {}
  const invalid = (detail: string) => new PluginError('plugin_invalid', name ?? listedAs, detail)
  if (typeof plugin !== 'object' || plugin === null || typeof plugin.setup !== 'function')
    throw invalid('its module must export definePlugin({ … }) as default')
  if (typeof name !== 'string' || !NAME.test(name))
    throw invalid('its name must be lower-case letters, digits and "-"')
  if (RESERVED.has(name)) throw invalid(`the name "${name}" belongs to the core`)
  if (!semver.valid(version)) throw invalid(`its version "${version}" is not a version like 1.2.3`)
  if (!semver.validRange(api)) throw invalid(`its api "${api}" is not a range like ^1.0.0`)
  if (!semver.satisfies(API_VERSION, api))
    throw new PluginError(
      'plugin_api',
      name,
      `it works with plugin API ${api}, this frontdesk has ${API_VERSION}: take a version of the plugin that fits`,
    )
  for (const problem of problems(plugin)) throw invalid(problem)
}

/** A definition can be so odd that looking at it throws: a schema with a broken pattern, for instance. */
function problems(plugin: Plugin): string[] {
  try {
    return [...problemsOf(plugin)]
  } catch (error) {
    return [reasonOf(error)]
  }
}

function* problemsOf(plugin: Plugin): Generator<string> {
  const { name, tables, migrations, settings, permissions = {}, fields = {}, requires = {} } = plugin
  const key = /^[a-z][a-zA-Z0-9]{0,39}$/
  if (tables && !migrations) yield 'it has tables, but no migrations that make them'
  for (const [property, schema] of Object.entries((settings?.properties ?? {}) as Record<string, TSchema>)) {
    if (!key.test(property)) yield `the setting "${property}" must be letters and digits`
    const fallback = (schema as { default?: unknown }).default
    if (fallback === undefined) yield `the setting "${property}" has no default`
    else if (!Value.Check(schema, fallback)) yield `the default of the setting "${property}" does not fit it`
  }
  for (const one of Object.keys(permissions))
    if (!key.test(one)) yield `the permission "${one}" must be letters and digits`
  for (const [one, { schema }] of Object.entries(fields)) {
    if (!key.test(one)) yield `the field "${one}" must be letters and digits`
    const type = (schema as { type?: unknown }).type
    if (!['string', 'number', 'integer', 'boolean'].includes(type as string) && !('anyOf' in schema))
      yield `the field "${one}" must be text, a number or a boolean`
  }
  const commands = (plugin.commands ?? []).map((command) => command.name)
  for (const [index, one] of commands.entries()) {
    if (!/^[a-z][\w-]{0,59}$/i.test(one)) yield `the command "${one}" must be letters, digits, - and _`
    if (commands.indexOf(one) < index) yield `the command "${one}" is there twice`
  }
  const owned = [...(plugin.events ?? []), ...(plugin.workflows ?? [])]
  for (const one of owned)
    if (!one.name.startsWith(`${name}.`)) yield `"${one.name}" must begin with "${name}."`
  for (const { name: workflow, initial, stages } of plugin.workflows ?? [])
    for (const stage of [initial, ...Object.values(stages).flat()])
      if (!Object.hasOwn(stages, stage)) yield `the workflow "${workflow}" has no stage "${stage}"`
  for (const [other, range] of Object.entries(requires))
    if (!semver.validRange(range)) yield `it requires ${other} in "${range}", which is not a range`
}

/**
 * The order of the list, moved only as far as `requires` and `after` demand.
 * @throws PluginError `plugin_twice`, `plugin_requires`, `plugin_requires_version`, `plugin_cycle`.
 */
export function inOrder(plugins: readonly Plugin[]): Plugin[] {
  const byName = new Map<string, Plugin>()
  for (const plugin of plugins) {
    if (byName.has(plugin.name)) throw new PluginError('plugin_twice', plugin.name, 'it is listed twice')
    byName.set(plugin.name, plugin)
  }
  for (const { name, requires = {} } of plugins)
    for (const [other, range] of Object.entries(requires)) {
      const there = byName.get(other)
      if (!there)
        throw new PluginError('plugin_requires', name, `it requires "${other}": list that plugin too`)
      if (!semver.satisfies(there.version, range))
        throw new PluginError(
          'plugin_requires_version',
          name,
          `it requires ${other} ${range}, but ${there.version} is there`,
        )
    }
  const done: Plugin[] = []
  const visit = (plugin: Plugin, path: readonly string[]) => {
    if (done.includes(plugin)) return
    if (path.includes(plugin.name))
      throw new PluginError('plugin_cycle', plugin.name, `${[...path, plugin.name].join(' → ')}`)
    for (const name of [...Object.keys(plugin.requires ?? {}), ...(plugin.after ?? [])]) {
      const before = byName.get(name)
      if (before) visit(before, [...path, plugin.name])
    }
    done.push(plugin)
  }
  for (const plugin of plugins) visit(plugin, [])
  return done
}
