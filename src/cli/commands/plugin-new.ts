// frontdesk plugin new: writes a plugin as a package of its own, or (make:plugin) as a folder of this repository.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../../app/root.js'
import { type Command, say, UsageError } from '../command.js'
import { pluginFiles } from '../plugin-template/index.js'
import { problemOfName } from '../plugin-template/name.js'

export const pluginNew: Command = {
  name: 'plugin new',
  usage: 'plugin new [--inside] NAME',
  summary: 'Write a new plugin into the folder NAME: a package whose tests pass.',
  options: { inside: { type: 'boolean' } },
  async run({ args, values }) {
    const [name, ...more] = args
    if (!name || more.length > 0) throw new UsageError(`usage: frontdesk ${this.usage}`)
    const problem = problemOfName(name)
    if (problem) throw new UsageError(problem)
    const inside = values.inside === true
    const folder = inside ? path.join(ROOT, 'plugins', name) : path.resolve(name)
    if (existsSync(folder)) throw new UsageError(`${folder} exists already; nothing was written`)
    // It is code, and no letters of customers.
    process.umask(0o022)
    const files = pluginFiles({ name, inside, versions: versions(folder) })
    for (const [file, text] of Object.entries(files)) write(path.join(folder, file), text)
    say(`${folder}: ${Object.keys(files).length} files. Its README.md says how to go on.`)
    return undefined
  },
}

function write(file: string, text: string) {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text, { flag: 'wx' })
}

/** The same versions as this frontdesk: two copies of drizzle-orm would not fit each other's types. */
function versions(folder: string): Record<string, string> {
  const own = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    version: string
    dependencies: Record<string, string>
    devDependencies: Record<string, string>
  }
  const installed = ROOT.split(path.sep).includes('node_modules')
  const frontdesk = installed ? `^${own.version}` : `file:${path.relative(folder, ROOT)}`
  return { ...own.devDependencies, ...own.dependencies, frontdesk }
}
