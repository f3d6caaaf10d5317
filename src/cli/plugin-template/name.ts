// Names that a new plugin can have.
import { RESERVED } from '../../plugin/check.js'

/** @returns what is wrong with the name, or undefined. */
export function problemOfName(name: string): string | undefined {
  if (!/^[a-z][a-z0-9-]{1,39}$/.test(name))
    return `"${name}" cannot be the name of a plugin: 2 to 40 lower-case letters, digits and "-", a letter first`
  if (RESERVED.has(name)) return `"${name}" belongs to the core: take another name`
  return undefined
}
