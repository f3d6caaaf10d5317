// An end for work that may never come back: rules of recurrence from a stranger can be written so that the library
// searches for ever, and nothing else in the process would run.
import vm from 'node:vm'

/** @throws an error with the code ERR_SCRIPT_EXECUTION_TIMEOUT; `work` must not wait for anything. */
export const bounded = <T>(ms: number, work: () => T): T =>
  vm.runInNewContext('work()', { work }, { timeout: ms }) as T

export const isOutOfTime = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
