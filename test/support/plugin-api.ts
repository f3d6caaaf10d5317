// The public surface of frontdesk/plugin as text: what is exported, and the types of the core behind it.
import path from 'node:path'
import { ROOT } from '../../src/app/root.js'
import { type Declaration, find, namesIn, readModule } from './declarations.js'

const DIST = path.join(ROOT, 'dist', 'src')
export const INDEX = path.join(DIST, 'plugin', 'index.d.ts')

/** Exported name -> its declaration. */
export function exported(): Map<string, Declaration> {
  const { declarations, imported } = readModule(INDEX)
  const all = [...declarations.keys(), ...imported.keys()].sort()
  return new Map(all.map((name) => [name, find(INDEX, name)!]))
}

// The database types are drizzle's; what plugins get of them stands in PluginDb and PluginTx.
const isBehind = ({ file }: Declaration) => !/\/db\/(types|tables\/index)\.d\.ts$/.test(file)

/** Types that exported ones are made of, without being exported themselves. */
function behind(surface: ReadonlyMap<string, Declaration>): Declaration[] {
  const seen = new Set(surface.values())
  const queue = [...seen]
  for (const declaration of queue)
    for (const next of namesIn(declaration).filter(isBehind)) {
      if (seen.has(next)) continue
      seen.add(next)
      queue.push(next)
    }
  const own = new Set(surface.values())
  return [...seen].filter((one) => !own.has(one))
}

const where = (declaration: Declaration) => path.relative(DIST, declaration.file).replace(/\.d\.ts$/, '.ts')

export function pluginApi(): string {
  const surface = exported()
  const lines = [...surface].map(
    ([name, { name: own, text }]) => `== ${name}${own === name ? '' : ` (${own})`}\n${text}\n`,
  )
  const others = behind(surface)
    .map((one) => `-- ${one.name} (${where(one)})\n${one.text}\n`)
    .sort()
  return `${lines.join('\n')}\n# Not exported, but part of what is\n\n${others.join('\n')}`
}
