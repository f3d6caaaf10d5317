// Lines to be pasted into a shell.
import path from 'node:path'
import { ROOT } from '../app/root.js'
import type { Config } from '../config.js'

/** One word of a POSIX shell, whatever is in it. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/**
 * What stands before a command that is to reach the data of this desk: nothing where they lie in the usual folder.
 * The shell into which the line is pasted knows nothing of the environment of this process.
 */
export const forData = ({ dataDir }: Pick<Config, 'dataDir'>): string =>
  dataDir === path.join(ROOT, 'data') ? '' : `FRONTDESK_DATA=${quoted(dataDir)} `
