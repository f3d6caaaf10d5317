// Where this installation lies, and its version.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = findRoot(import.meta.dirname)
export const VERSION = (
  JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }
).version

/** The same from the compiled files and from the bundle that a start runs. */
function findRoot(from: string): string {
  if (existsSync(path.join(from, 'package.json'))) return from
  const up = path.dirname(from)
  if (up === from) throw new Error('frontdesk cannot find its own package.json')
  return findRoot(up)
}
