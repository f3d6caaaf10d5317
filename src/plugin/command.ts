// A command of a plugin, `frontdesk PLUGIN NAME`: registered in setup it has the desk, as data of the definition it
// needs none.

export interface CommandInput {
  readonly args: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  /**
   * Lines of the standard input, read as they are taken: however many there are, few are in memory. The next one comes
   * when what was said has been taken; when nobody reads that any more, there is no next one.
   */
  readonly stdin: AsyncIterable<string>
  say(line: string): void
}

export interface Command {
  /** Called as `frontdesk PLUGIN NAME`. */
  name: string
  summary: string
  usage?: string
  options?: Readonly<Record<string, { type: 'string' | 'boolean'; short?: string }>>
  /** @returns the exit code; nothing: 0. */
  run(input: CommandInput): Promise<number | undefined>
}
