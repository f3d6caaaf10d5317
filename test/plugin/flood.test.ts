import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Log } from '../../src/plugin/app.js'
import { limitLog } from '../../src/plugin/flood.js'

function written() {
  const lines: string[] = []
  const to = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`)
  const log: Log = { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') }
  return { lines, log }
}

/** 2026-01-01T00:00:00Z, moved by hand. */
function handClock() {
  let ms = Date.UTC(2026, 0)
  return { now: () => new Date(ms), move: (by: number) => (ms += by) }
}

t.test('so many lines pass in a window; the next one that passes says how many did not', async (t) => {
  const { lines, log } = written()
  const clock = handClock()
  const limited = limitLog(log, { lines: 3, perMs: 10_000, clock })
  for (const level of ['debug', 'info', 'warn', 'error', 'error'] as const) limited[level]({}, 'first')
  t.strictSame(lines.splice(0), ['debug first', 'info first', 'warn first'])
  clock.move(9999)
  limited.info({}, 'same window')
  t.strictSame(lines.splice(0), [])
  clock.move(1)
  for (let i = 0; i < 4; i++) limited.info({}, 'second')
  const said = 'warn 3 log lines were dropped: more than 3 in 10000 ms'
  t.strictSame(lines.splice(0), [said, 'info second', 'info second', 'info second'])
})

t.test(
  'a plugin that falls silent after a flood: the number is said when the window ends, once',
  async (t) => {
    const { lines, log } = written()
    const limited = limitLog(log, { lines: 1, perMs: 50 })
    for (let i = 0; i < 3; i++) limited.error({}, 'loop')
    // The timer does not keep a process alive; this one does.
    await delay(150)
    t.strictSame(lines.splice(0), ['error loop', 'warn 2 log lines were dropped: more than 1 in 50 ms'])
    limited.error({}, 'later')
    t.strictSame(lines, ['error later'])
  },
)

t.test('lines of a level that is off do not count', async (t) => {
  const { lines, log } = written()
  const off = { ...log, isLevelEnabled: (level: string) => level !== 'debug' }
  const limited = limitLog(off, { lines: 1, clock: handClock() })
  for (let i = 0; i < 5; i++) limited.debug({}, 'off')
  limited.info({}, 'on')
  t.strictSame(lines, ['info on'])
})

t.test('a clock that is set back begins a new window', async (t) => {
  const { lines, log } = written()
  const clock = handClock()
  const limited = limitLog(log, { lines: 1, clock })
  limited.info({}, 'before')
  clock.move(-3_600_000)
  limited.info({}, 'after')
  t.strictSame(lines, ['info before', 'info after'])
})
