// Facts in, timers out: a pure function. Everything that the plugin shows or does comes from here, so that computing
// anew from nothing is the only way in which anything is ever computed.
import type { Fact } from './facts.js'
import { type Block, MERGED, Run } from './run.js'
import type { Calendar, Metric, Rule, Timer } from './timer.js'

export interface Evaluated {
  readonly timer: Timer
  /** The instant at which so much of its time is or would be used up; null: never. */
  instantAt(consumed: number): number | null
}

/**
 * @param facts in the order in which they happened; what lies after `now` counts as having happened.
 * @param now milliseconds.
 */
export function evaluate(facts: readonly Fact[], now: number): Evaluated[] {
  const timers = new TicketTimers()
  for (const fact of facts) timers.apply(fact)
  timers.advance(now)
  return timers.results()
}

const ENDED = new Set(['solved', 'closed'])

/** The timers of a ticket, while its facts go by. */
export class TicketTimers {
  #rules = new Map<Metric, Rule>()
  #runs: Run[] = []
  #current = new Map<Metric, Run>()
  #status = 'new'
  #tags: readonly string[] = []
  #holds: readonly string[] = ['new']
  #block: Block = null
  #created = false
  /** Somebody of the desk has answered once: from then on it is the next response. */
  #responded = false
  /** The oldest message that waits for an answer. */
  #waiting: number | null = null

  advance(to: number): void {
    for (const run of this.#runs) if (run.mayGoOn) run.advance(to, this.#holds, this.#block)
  }

  apply(fact: Fact): void {
    this.advance(fact.at)
    if (this.#block === 'merged') return
    const { at } = fact
    const by = 'by' in fact ? (fact.by ?? null) : null
    if (fact.type === 'created') this.#create(at, fact.outbound === true)
    if (fact.type === 'inbound' || fact.type === 'talk') this.#inbound(at)
    if (fact.type === 'response' || fact.type === 'talk') this.#response(at, by)
    if (fact.type === 'status') this.#change(fact.status, at, by)
    if (fact.type === 'tags') this.#hold(this.#status, fact.tags)
    if (fact.type === 'rules') this.#govern(fact.rules, at)
    if (fact.type === 'calendar') this.#recalendar(fact.calendar, at)
    if (fact.type === 'spam' || fact.type === 'not_spam') this.#block = fact.type === 'spam' ? 'spam' : null
    if (fact.type === 'merged') this.#merge(at)
  }

  results(): Evaluated[] {
    return this.#runs.flatMap((run) => {
      const timer = run.result(this.#holds, this.#block)
      const still = run.standsStill(this.#holds, this.#block)
      return timer ? [{ timer, instantAt: (consumed: number) => run.instantAt(consumed, still) }] : []
    })
  }

  get #ended(): boolean {
    return ENDED.has(this.#status)
  }

  #create(at: number, outbound: boolean): void {
    this.#created = true
    if (!outbound) this.#inbound(at)
    this.#start('resolution', at)
    this.#start('periodic_update', at)
  }

  #inbound(at: number): void {
    this.#waiting ??= at
    if (this.#ended) return
    if (this.#awaitsFirst) {
      if (!this.#current.has('first_response')) this.#start('first_response', at)
    } else if (!this.#current.get('next_response')?.open) this.#start('next_response', at)
  }

  /** Facts that begin in the middle of a conversation have had their first response, unless one is promised. */
  get #awaitsFirst(): boolean {
    return !this.#responded && (this.#created || this.#rules.has('first_response'))
  }

  #response(at: number, by: string | null): void {
    this.#responded = true
    this.#waiting = null
    this.#current.get('first_response')?.stop(at, true, by)
    this.#current.get('next_response')?.stop(at, true, by)
    if (this.#ended) return
    const update = this.#current.get('periodic_update')
    if (!update) return
    update.stop(at, true, by)
    this.#start('periodic_update', at)
  }

  #change(status: string, at: number, by: string | null): void {
    const ended = this.#ended
    this.#hold(status, this.#tags)
    if (this.#ended && !ended) this.#end(at, by)
    else if (!this.#ended && ended) this.#reopen(at)
  }

  #end(at: number, by: string | null): void {
    this.#waiting = null
    for (const [metric, run] of this.#current) run.stop(at, metric === 'resolution', by)
  }

  #reopen(at: number): void {
    this.#current.get('resolution')?.resume(at, this.#rules.get('resolution'))
    const first = this.#current.get('first_response')
    if (!this.#responded && first?.resumable) first.resume(at, this.#rules.get('first_response'))
    else if (this.#waiting !== null) this.#inbound(this.#waiting)
    if (this.#current.has('periodic_update')) this.#start('periodic_update', at)
    this.advance(at)
  }

  #govern(rules: readonly Rule[], at: number): void {
    this.#rules = new Map(rules.map((rule) => [rule.metric, rule]))
    for (const run of this.#runs) run.retarget(this.#rules.get(run.metric), at)
  }

  #recalendar(calendar: Calendar, at: number): void {
    for (const [metric, rule] of this.#rules)
      if (rule.calendar?.id === calendar.id) this.#rules.set(metric, { ...rule, calendar })
    for (const run of this.#runs) run.recalendar(calendar, at)
  }

  #merge(at: number): void {
    this.#block = 'merged'
    for (const run of this.#runs) run.stop(at, false, MERGED)
  }

  #hold(status: string, tags: readonly string[]): void {
    this.#status = status
    this.#tags = tags
    this.#holds = [status, ...tags.map((tag) => `tag:${tag}`)]
  }

  #start(metric: Metric, at: number): void {
    const cycle = this.#runs.filter((run) => run.metric === metric).length
    const run = new Run(metric, cycle, at, this.#rules.get(metric))
    this.#runs.push(run)
    this.#current.set(metric, run)
  }
}
