// docs/plugins-reference.md, made from the tokens: what the code says is what the document says.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../../src/app/root.js'
import { catalogue } from '../../src/errors.js'
import { permissions } from '../../src/people/permissions.js'
import type { Plugin } from '../../src/plugin/define.js'
import { refusals } from '../../src/plugin/errors.js'
import { type Declaration, find, readModule } from './declarations.js'
import { exported } from './plugin-api.js'

const PLUGINS = path.join(ROOT, 'dist', 'plugins')

/** A type in one line of a table. */
const inline = (type: string) => {
  const line = type.replace(/\s+/g, ' ').replace(/; \}/g, ' }').replace(/;$/, '').trim()
  return `\`${line.replaceAll('|', '\\|')}\``
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const bodyOf = ({ text }: Declaration) =>
  text
    .replace(/^(?:interface|type) \w+(?:<[^{]*>)? ?=? ?/, '')
    .replace(/\/\*\*.*?\*\//gs, '')
    .replace(/readonly /g, '')

/** Tokens of one kind among the exports: name -> type arguments as text. */
const tokens = (kind: 'Event' | 'Filter') =>
  [...exported()].flatMap(([name, declaration]) => {
    const match = new RegExp(`: ${kind}<(.*)>;$`, 's').exec(declaration.text)
    return match ? [{ name, declaration, types: match[1]! }] : []
  })

function events(): string {
  const rows = tokens('Event').map(({ name, declaration, types }) => [
    `\`${name}\``,
    inline(types.replace(/, string$/, '')),
    declaration.doc,
  ])
  return table(['Event', 'Payload', 'When'], rows)
}

function filters(): string {
  const rows = tokens('Filter').map(({ name, declaration, types }) => {
    const [, value, context] = /^(\w+), (.*)$/s.exec(types)!
    const shape = find(declaration.file, value!)
    const more = find(declaration.file, context!)
    return [
      `\`${name}\``,
      shape ? inline(bodyOf(shape)) : inline(value!),
      more ? inline(bodyOf(more)) : inline(context!),
      declaration.doc,
    ]
  })
  return table(['Filter', 'Value', 'Context', 'Where it runs'], rows)
}

async function plugins(): Promise<Plugin[]> {
  const names = existsSync(PLUGINS) ? readdirSync(PLUGINS).sort() : []
  const modules = names.map((name) => path.join(PLUGINS, name, 'index.js')).filter(existsSync)
  return Promise.all(
    modules.map(async (file) => ((await import(pathToFileURL(file).href)) as { default: Plugin }).default),
  )
}

const propertiesOf = (schema: unknown) =>
  Object.keys((schema as { properties?: Record<string, unknown> } | undefined)?.properties ?? {})

const names = (all: readonly string[]) => all.map((name) => `\`${name}\``).join(', ') || '–'

const firstParty = (all: readonly Plugin[]) =>
  table(
    ['Plugin', 'What it does', 'Settings', 'Permissions', 'Fields', 'Events'],
    all.map(({ name, description = '', settings, permissions, fields, events = [] }) => [
      `\`${name}\``,
      description,
      names(propertiesOf(settings).map((key) => `${name}.${key}`)),
      names(Object.keys(permissions ?? {}).map((key) => `${name}:${key}`)),
      names(Object.keys(fields ?? {}).map((key) => `${name}.${key}`)),
      names(events.map((event) => event.name)),
    ]),
  )

/** Service tokens in the declarations of the plugins. */
function services(): string {
  const files = existsSync(PLUGINS)
    ? readdirSync(PLUGINS, { recursive: true })
        .map((name) => path.join(PLUGINS, String(name)))
        .filter((file) => file.endsWith('.d.ts'))
        .sort()
    : []
  const rows = files.flatMap((file) =>
    [...readModule(file).declarations.values()].flatMap((declaration) => {
      const match = /^const \w+: Service<(.*), "([\w.-]+)">;$/s.exec(declaration.text)
      if (!match) return []
      const shape = find(file, match[1]!)
      return [[`\`${match[2]}\``, inline(shape ? bodyOf(shape) : match[1]!), declaration.doc]]
    }),
  )
  return rows.length > 0 ? table(['Service', 'Interface', 'What it is for'], rows) : 'None yet.'
}

const OF_PLUGINS = [
  'rejected',
  'field_invalid',
  'field_read_only',
  'stage_not_next',
  'plugin_failed',
] as const

export async function pluginReference(): Promise<string> {
  const all = await plugins()
  const refused = Object.entries(refusals).map(([code, why]) => [`\`${code}\``, why])
  const errors = OF_PLUGINS.map((code) => [`\`${code}\``, `${catalogue[code].status}`, catalogue[code].title])
  const rights = Object.values(permissions).map(({ name, description }) => [`\`${name}\``, description])
  const parts: [string, string][] = [
    ['Events', events()],
    ['Filters', filters()],
    ['Plugins of this repository', all.length > 0 ? firstParty(all) : 'None yet.'],
    ['Services', services()],
    ['Why a desk does not start with a plugin', table(['Code', 'Reason'], refused)],
    ['Errors of requests', table(['Code', 'Status', 'Meaning'], errors)],
    ['Permissions of the core', table(['Permission', 'What it allows'], rights)],
  ]
  return `# Plugins: reference

Made from the tokens by a test (\`UPDATE_GOLDEN=1 npm test\`); do not edit it. The rest is in [plugins.md](plugins.md).

${parts.map(([title, text]) => `## ${title}\n\n${text}\n`).join('\n')}`
}
