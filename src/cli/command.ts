// What a command is, and what it can say. Exit codes: 0 done, 2 usage, 1 everything else.
import type { ParseArgsConfig } from 'node:util'
import type { Config } from '../config.js'

export interface Command {
  /** Words that call it, for instance `inbox create`. */
  readonly name: string
  readonly usage: string
  readonly summary: string
  readonly options?: NonNullable<ParseArgsConfig['options']>
  run(input: CommandInput): Promise<number | undefined>
}

export interface CommandInput {
  readonly args: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly config: Config
}

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Text from outside, made harmless for a terminal. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')

/** JSON for a terminal: what JSON.stringify leaves of control and direction characters is escaped as well. */
export const plainJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
