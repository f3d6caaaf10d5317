// Where this installation lies, and its version.
import { readFileSync } from 'node:fs'
import path from 'node:path'

/** dist/src/app -> three up. */
export const ROOT = path.resolve(import.meta.dirname, '../../..')
export const VERSION = (
  JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }
).version
