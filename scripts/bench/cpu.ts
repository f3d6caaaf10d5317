// The CPU that processes have used, from /proc (Linux): with two cores for everything, requests per second alone do not
// say what was busy.
import { readdirSync, readFileSync } from 'node:fs'
import { figure, median } from './common.js'

/** `getconf CLK_TCK`, the same on every Linux that Node runs on. */
const TICK_MS = 10

interface Stat {
  parent: number
  own: number
  /** Of children that have ended. */
  ended: number
}

function statOf(pid: number): Stat | undefined {
  try {
    // The name in parentheses may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    const sum = (at: number) => (Number(fields[at]) + Number(fields[at + 1])) * TICK_MS
    return { parent: Number(fields[1]), own: sum(11), ended: sum(13) }
  } catch {
    return undefined
  }
}

const used = (pid: number): number => statOf(pid)?.own ?? 0

/** A server that has a process for each connection: its main process, all its children, and those that have gone. */
function usedByAll(pid: number): number {
  const main = statOf(pid)
  const children = readdirSync('/proc')
    .map((name) => statOf(Number(name) || -1))
    .filter((stat) => stat?.parent === pid)
  return (main?.own ?? 0) + (main?.ended ?? 0) + children.reduce((sum, stat) => sum + stat!.own, 0)
}

export const parentOf = (pid: number): number => statOf(pid)?.parent ?? -1

/** Names and processes; `postgres` with all its backends. */
export type Parts = ReadonlyMap<string, number>

/** Milliseconds of CPU that each part uses while `work` runs. */
export async function cpuDuring<T>(
  parts: Parts,
  work: () => Promise<T>,
): Promise<{ result: T; cpu: Map<string, number> }> {
  const read = () => new Map([...parts].map(([name, pid]) => [name, usage(name, pid)]))
  const before = read()
  const result = await work()
  const after = read()
  return { result, cpu: new Map([...after].map(([name, ms]) => [name, ms - before.get(name)!])) }
}

const usage = (name: string, pid: number) => (name === 'postgres' ? usedByAll(pid) : used(pid))

export interface Run {
  rate: number
  p99?: number
  seconds: number
  cpu: ReadonlyMap<string, number>
}

/** The medians: per second, and the CPU of each part for one request or job, and in cores. */
export function tell(name: string, runs: readonly Run[]) {
  const tail = runs[0]!.p99 === undefined ? '' : `, p99 ${median(runs.map(({ p99 }) => p99!)).toFixed(0)} ms`
  figure(name, `${median(runs.map(({ rate }) => rate)).toFixed(0)} /s${tail}`)
  for (const part of runs[0]!.cpu.keys()) {
    const each = median(runs.map(({ cpu, rate, seconds }) => cpu.get(part)! / (rate * seconds)))
    const cores = median(runs.map(({ cpu, seconds }) => cpu.get(part)! / 1000 / seconds))
    if (cores >= 0.005) figure(`    ${part}`, `${each.toFixed(3)} ms each, ${cores.toFixed(2)} cores`)
  }
}
