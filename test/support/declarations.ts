// Reads the declarations that the compiler wrote (dist/**/*.d.ts): what the golden file of the plugin API and the
// reference of the tokens are made from. Each top-level statement begins at the margin, so lines are enough.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface Declaration {
  name: string
  /** Without comments; lines of a block keep their indentation. */
  text: string
  /** The comment in front of it, as one line. */
  doc: string
  file: string
}

interface Module {
  declarations: Map<string, Declaration>
  /** Name here -> where it comes from. */
  imported: Map<string, { file: string; name: string }>
}

const modules = new Map<string, Module>()

export function readModule(file: string): Module {
  const known = modules.get(file)
  if (known) return known
  const module: Module = { declarations: new Map(), imported: new Map() }
  modules.set(file, module)
  for (const { text, doc } of statements(readFileSync(file, 'utf8'))) {
    const from = /^(?:import|export) .*\{([^}]*)\} from '(\.[^']+)';/s.exec(text)
    if (from) {
      for (const { name, as } of names(from[1]!))
        module.imported.set(as, { file: resolve(file, from[2]!), name })
      continue
    }
    const match =
      /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|const|function|class) (\w+)/.exec(text)
    if (match)
      module.declarations.set(match[1]!, { name: match[1]!, text: tidy(withoutComments(text)), doc, file })
  }
  return module
}

/** The declaration behind a name, through however many re-exports. */
export function find(file: string, name: string): Declaration | undefined {
  if (!existsSync(file)) return undefined
  const { declarations, imported } = readModule(file)
  const own = declarations.get(name)
  if (own) return own
  const from = imported.get(name)
  return from && find(from.file, from.name)
}

const resolve = (file: string, target: string) =>
  path.resolve(path.dirname(file), target).replace(/\.js$/, '.d.ts')

const names = (list: string) =>
  list
    .split(',')
    .map((item) => item.trim().replace(/^type /, ''))
    .filter(Boolean)
    .map((item) => {
      const [name, as = name] = item.split(' as ') as [string, string?]
      return { name, as }
    })

function* statements(source: string): Generator<{ text: string; doc: string }> {
  const starts = [...source.matchAll(/^(?:\/\*\*.*?\*\/\n)?(?:export|declare|interface|type|import)\b/gms)]
  for (const [index, { index: start }] of starts.entries()) {
    const all = source.slice(start, starts[index + 1]?.index)
    const comment = /^\/\*\*(.*?)\*\/\n/s.exec(all)
    yield { text: all.slice(comment?.[0].length ?? 0), doc: asLine(comment?.[1] ?? '') }
  }
}

const asLine = (comment: string) => comment.replace(/\s*\n\s*\*?\s?/g, ' ').trim()
const withoutComments = (text: string) => text.replace(/[ \t]*\/\*\*.*?\*\/\n?/gs, '')
const tidy = (text: string) =>
  text
    .replace(/^\/\/#.*$/gm, '')
    .replace(/import\("[^"]+"\)\./g, '')
    .replace(/^(?:export )?(?:declare )?/, '')
    .trim()

/** Names in a declaration that its module knows, so that what stands behind it can be listed too. */
export function namesIn({ text, file }: Declaration): Declaration[] {
  const words = new Set(text.match(/\b[A-Za-z_]\w*\b/g))
  const found = [...words].map((word) => find(file, word))
  return found.filter((one): one is Declaration => one !== undefined)
}
