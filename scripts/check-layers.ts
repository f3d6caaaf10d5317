// The layer check: a file imports from its own folder or from a lower line of LAYERS, never upward.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')

/** The highest first; folders on one line do not know each other. */
export const LAYERS: readonly (readonly string[])[] = [
  ['cli', 'testing'],
  ['demo', 'backup'],
  ['app'],
  ['http'],
  ['plugin'],
  ['intake', 'outbound'],
  ['tickets'],
  ['channels'],
  ['people'],
  ['settings', 'blobs'],
  ['hooks'],
  ['jobs'],
  ['db'],
  ['config', 'errors', 'schema', 'clock'],
]

const levelOf = (part: string) => LAYERS.findIndex((layer) => layer.includes(part))
const partOf = (file: string) => file.split('/')[0]!.replace(/\.ts$/, '')

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && entry.name.endsWith('.ts')) yield path.join(entry.parentPath, entry.name)
}

function checkFile(src: string, file: string): string[] {
  const own = partOf(path.relative(src, file))
  const problems: string[] = []
  if (levelOf(own) < 0) return [`src/${path.relative(src, file)}: the folder "${own}" is in no layer`]
  for (const [, target] of readFileSync(file, 'utf8').matchAll(
    /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g,
  )) {
    const part = partOf(path.relative(src, path.resolve(path.dirname(file), target!)).replace(/\.js$/, '.ts'))
    if (part === '..') problems.push(`src/${path.relative(src, file)} imports from outside src: ${target}`)
    else if (part !== own && levelOf(part) <= levelOf(own))
      problems.push(`src/${path.relative(src, file)} (${own}) imports upward or sideways from ${part}`)
  }
  return problems
}

/** What a plugin is allowed beside the public modules: what its package.json would name, were it a package. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  sla: ['date-holidays', 'fast-check', 'ical.js', 'temporal-polyfill'],
}

/** Plugins see the public modules and their own files only. */
function checkPlugin(plugins: string, file: string): string[] {
  const name = path.relative(plugins, file).split('/')[0]!
  const own = PACKAGES[name] ?? []
  const allowed = /^(frontdesk\/(plugin|testing)|typebox(\/.*)?|drizzle-orm(\/.*)?|tap|node:.*)$/
  return [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap(
    ([, target]) => {
      const inside =
        target!.startsWith('.') &&
        path.resolve(path.dirname(file), target!).startsWith(path.join(plugins, name))
      return inside || allowed.test(target!) || own.includes(target!)
        ? []
        : [`plugins/${path.relative(plugins, file)} imports ${target}`]
    },
  )
}

const src = path.join(root, 'src')
const plugins = path.join(root, 'plugins')
const problems = [
  ...[...sourceFiles(src)].flatMap((file) => checkFile(src, file)),
  ...[...sourceFiles(plugins)].flatMap((file) => checkPlugin(plugins, file)),
]
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
else console.log(`layers: ${[...sourceFiles(src)].length} files, all imports point downward`)
