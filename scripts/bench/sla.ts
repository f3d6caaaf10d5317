// Service levels: one due time and one evaluation, against a number added to a date; and the change of a holiday
// under running timers, with the API beside it. `node dist/scripts/bench/sla.js [tickets]`
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { and, count, eq, inArray } from 'drizzle-orm'
import { OpenHours } from '../../plugins/sla/engine/clock.js'
import { evaluate } from '../../plugins/sla/engine/evaluate.js'
import { explain } from '../../plugins/sla/engine/explain.js'
import type { Fact } from '../../plugins/sla/engine/facts.js'
import { metrics, type Rule } from '../../plugins/sla/engine/timer.js'
import sla from '../../plugins/sla/index.js'
import { type App, createApp } from '../../src/app/app.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { readConfig } from '../../src/config.js'
import { contactByEmail } from '../../src/people/contacts.js'
import { createTicket } from '../../src/tickets/create.js'
import { figure, headline, makeDesk, median, withFolder } from './common.js'

const MINUTE = 60_000
const START = Date.parse('2026-03-02T08:00:00Z')
const week = Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [['09:00', '17:00']]]))
const hours = { timeZone: 'Europe/Berlin', hours: week, closed: {}, closedYearly: {}, breaks: {} }

/** Nanoseconds of one call; the sum keeps the work from being left out. */
function time(times: number, work: (i: number) => number): number {
  let sum = 0
  const rounds = Array.from({ length: 5 }, () => {
    const began = performance.now()
    for (let i = 0; i < times; i++) sum += work(i)
    return ((performance.now() - began) * 1e6) / times
  })
  if (Number.isNaN(sum)) throw new Error('a due time is missing')
  return median(rounds)
}

function dueTimes() {
  const clock = new OpenHours(hours as never)
  const date = time(1_000_000, (i) =>
    new Date(new Date(START + i * 31_000).getTime() + 60 * MINUTE).getTime(),
  )
  const due = time(1_000_000, (i) => clock.due(START + i * 31_000, 60 * MINUTE)!)
  figure('one due time', `${due.toFixed(0)} ns`)
  figure('to a number added to a Date (goal: at most 20)', (due / date).toFixed(2))
}

function evaluation() {
  const calendar = { id: 'one', name: 'One', version: 1, clock: new OpenHours(hours as never) }
  const rules = metrics.map(
    (metric): Rule => ({ metric, target: 480 * MINUTE, calendar, pauseWhile: new Set(['pending']) }),
  )
  const kinds: ((at: number) => Fact)[] = [
    (at) => ({ at, type: 'inbound' }),
    (at) => ({ at, type: 'response', by: 'ann' }),
    (at) => ({ at, type: 'status', status: 'pending' }),
    (at) => ({ at, type: 'status', status: 'open' }),
  ]
  const facts: Fact[] = [
    { at: START, type: 'rules', rules },
    { at: START, type: 'created' },
  ]
  for (let i = 0; facts.length < 50; i++) facts.push(kinds[i % 4]!(START + i * 187 * MINUTE))
  const now = facts.at(-1)!.at + MINUTE
  const bare = time(2000, () => evaluate(facts, now).length)
  const told = time(500, () =>
    evaluate(facts, now).reduce((sum, { timer }) => sum + explain(timer).length, 0),
  )
  figure('one evaluation of 50 facts (goal: under 1 ms)', `${(bare / 1e6).toFixed(3)} ms`)
  figure('the same with its explanation', `${(told / 1e6).toFixed(3)} ms`)
}

async function seed({ db, desk, engine }: App, inboxId: string, tickets: number) {
  for (let made = 0; made < tickets; made += 500) {
    await db.transaction(async (tx) => {
      const { id } = await contactByEmail(tx, 'Ann', 'ann@guest.example')
      const ticket = { subject: 'Hello', inboxId, channel: 'email', requesterId: id }
      for (let n = 0; n < 500; n++) await createTicket(tx, desk, { kind: 'system', id: null }, ticket)
    })
    await engine.runDue()
  }
}

interface Took {
  readonly lists: number[]
  readonly notes: number[]
}

/** From when it was to begin to its end, fifty a second: of five requests four are lists, and one is a note. */
async function ask({ http }: App, token: string, until: () => boolean): Promise<Took> {
  const took: Took = { lists: [], notes: [] }
  const pending: Promise<void>[] = []
  const headers = { authorization: `Bearer ${token}` }
  for (let at = performance.now() + 20, n = 0; !until(); at += 20, n++) {
    await setTimeout(Math.max(0, at - performance.now()))
    const writes = n % 5 === 0
    const url = writes ? `/api/tickets/${1 + (n % 1000)}/notes` : '/api/tickets?limit=25'
    const request = writes
      ? http.app.inject({ method: 'POST', url, headers, payload: { text: 'Looked at.' } })
      : http.app.inject({ method: 'GET', url, headers })
    pending.push(
      (async () => {
        const { statusCode, body } = await request
        if (statusCode >= 300) throw new Error(body)
        took[writes ? 'notes' : 'lists'].push(performance.now() - at)
      })(),
    )
  }
  await Promise.all(pending)
  return took
}

const p95 = (took: readonly number[]) => took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.95)]!

async function holiday(dir: string, tickets: number) {
  const { inboxId, token } = await makeDesk(dir)
  const env = { FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0' }
  const app = await createApp({ config: readConfig(env, ROOT), log: createLog('warn', 2), plugins: [sla] })
  await app.plugins.start()
  const call = async (method: 'POST' | 'PATCH' | 'GET', url: string, payload?: object) => {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await app.http.app.inject({
      method,
      url: `/api/plugins/sla${url}`,
      headers,
      ...(payload && { payload }),
    })
    if (answer.statusCode >= 300) throw new Error(answer.body)
    return answer.json()
  }
  const definition = { timeZone: 'Europe/Berlin', hours: week }
  const calendar = await call('POST', '/calendars', { name: 'Office', definition })
  const targets = ['first_response', 'resolution'].map((metric) => ({ metric, within: '40 business hours' }))
  await call('POST', '/policies', { name: 'All', calendarId: calendar.id, targets })
  await seed(app, inboxId, tickets)
  await app.engine.start()
  const began = performance.now()
  const idle = await ask(app, token, () => performance.now() - began > 5000)
  const tomorrow = new Date(Date.now() + 24 * 60 * MINUTE).toISOString().slice(0, 10)
  const holidays = [0, 1, 2].map((days) => ({
    date: new Date(Date.parse(tomorrow) + days * 86_400_000).toISOString().slice(0, 10),
  }))
  const first = performance.now()
  await call('PATCH', `/calendars/${calendar.id}`, {
    version: calendar.version,
    definition: { ...definition, holidays },
  })
  let done = 0
  const busy = ask(app, token, () => done > 0)
  const { jobs } = app.db.t
  for (let left = 1; left > 0; await setTimeout(200)) {
    const [row] = await app.db
      .select({ left: count() })
      .from(jobs)
      .where(and(eq(jobs.name, 'sla.walk'), inArray(jobs.state, ['waiting', 'running'])))
    left = row!.left
  }
  done = performance.now() - first
  const during = await busy
  await app.stop()
  const timers = 2 * tickets
  figure(`${timers} timers of ${tickets} tickets`, `${(done / 1000).toFixed(1)} s`)
  figure('for 100000 timers that is (goal: under 60 s)', `${((done / timers) * 100).toFixed(1)} s`)
  const all = ({ lists, notes }: Took) => [...lists, ...notes]
  const compare = (name: string, of: (took: Took) => readonly number[]) => {
    const [before, meanwhile] = [p95(of(idle)), p95(of(during))]
    const ratio = (meanwhile / before).toFixed(2)
    figure(
      `p95 of ${name}: idle, meanwhile, ratio`,
      `${before.toFixed(1)} ms  ${meanwhile.toFixed(1)} ms  ${ratio}`,
    )
  }
  compare('all requests (goal: at most 1.5)', all)
  compare('lists', ({ lists }) => lists)
  compare('notes', ({ notes }) => notes)
}

const [tickets = 20_000] = process.argv.slice(2).map(Number)
headline('due times')
dueTimes()
evaluation()
await withFolder(async (dir) => {
  headline('a holiday is added under running timers')
  await holiday(path.join(dir, 'desk'), tickets)
})
