// Compares a text with the file in which it was decided. UPDATE_GOLDEN=1 npm test writes it anew.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { ROOT } from '../../src/app/root.js'

/** @param file from the root of the repository. */
export function golden(t: Test, file: string, actual: string): void {
  const whole = path.join(ROOT, file)
  if (process.env.UPDATE_GOLDEN) writeFileSync(whole, actual)
  const decided = existsSync(whole) ? readFileSync(whole, 'utf8') : ''
  t.equal(actual, decided, `${file}; UPDATE_GOLDEN=1 npm test writes it anew`)
}
