// The panel `sla-timers` of a ticket: when is what due, and why. One module without imports: a console fetches it with
// its token and imports it from a blob, where no relative path leads anywhere. What comes from the desk is text only.
const names = {
  first_response: 'First response',
  next_response: 'Next response',
  resolution: 'Resolution',
  periodic_update: 'Next update',
}
const states = {
  running: 'Running',
  paused: 'Paused',
  breached: 'Missed',
  met: 'Met',
  stopped: 'Not needed any more',
  cancelled: 'Not measured any more',
}
const MINUTE = 60_000

const css = `
:host {
  display: block; font: 14px/1.45 system-ui, sans-serif; color: var(--sla-text, #1c2430); background: var(--sla-background, #fff);
  padding: 12px; overflow-wrap: anywhere;
}
:host([hidden]) { display: none }
h2 { font-size: 16px; margin: 0 }
h3 { font-size: 14px; margin: 0 }
p { margin: 2px 0 }
.quiet, time { color: var(--sla-quiet, #56606e) }
time { font-variant-numeric: tabular-nums }
ul, ol { list-style: none; margin: 8px 0 0; padding: 0 }
.timer { border: 1px solid var(--sla-line, #d5dae1); border-left: 4px solid var(--tone); border-radius: 4px; padding: 8px 12px; margin-top: 8px }
.head { display: flex; flex-wrap: wrap; gap: 4px 8px; justify-content: space-between; align-items: baseline }
.state { color: var(--tone); font-weight: 600 }
.left { font-weight: 600 }
.timer { --tone: var(--sla-quiet, #56606e) }
.running { --tone: var(--sla-running, #1257a8) }
.paused { --tone: var(--sla-paused, #7a5200) }
.breached, .late { --tone: var(--sla-missed, #b3201f) }
.met { --tone: var(--sla-met, #1b6b34) }
.late .left, .error { color: var(--sla-missed, #b3201f) }
summary { cursor: pointer; margin-top: 4px; color: var(--sla-link, #1257a8); width: fit-content }
summary:focus-visible { outline: 2px solid currentColor; outline-offset: 2px }
ol li { padding: 4px 0 4px 8px; border-left: 2px dotted var(--sla-line, #8a94a1) }
ol li.counted { border-left: 2px solid var(--sla-running, #1257a8) }
`

// Not a <style>: a console with a strict Content-Security-Policy would not apply it.
const sheet = new CSSStyleSheet()
sheet.replaceSync(css)

/** An element with text: never with markup. */
function element(tag, { text, ...properties } = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties)
  if (text !== undefined) made.textContent = text
  made.append(...children)
  return made
}

const localTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

const time = (at) => element('time', { dateTime: at, text: localTime.format(new Date(at)) })

function length(ms) {
  const minutes = Math.floor(Math.abs(ms) / MINUTE)
  const parts = [
    [Math.floor(minutes / 1440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ]
  const text = parts.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(' ')
  return text === '' ? 'less than a minute' : text
}

const isOpen = ({ state, stoppedAt }) => state === 'running' || (state === 'breached' && stoppedAt === null)

class SlaTimers extends HTMLElement {
  #ticket
  #call
  #asked = 0
  #every
  /** What changes with the minute: one function for each open timer. */
  #ticks = []
  /** How far the clock of the desk is ahead of this machine's. */
  #ahead = 0
  #title = element('h2', { text: 'Service levels' })
  #policy = element('p', { className: 'quiet' })
  #status = element('p', { className: 'quiet' })
  #list = element('ul')

  constructor() {
    super()
    this.#status.setAttribute('role', 'status')
    this.#status.setAttribute('aria-live', 'polite')
    // Safari forgets that a list is one when it has no bullets.
    this.#list.setAttribute('role', 'list')
    const root = this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [sheet]
    root.append(element('section', {}, [this.#title, this.#policy, this.#status, this.#list]))
  }

  connectedCallback() {
    // Set before the element was defined, they would hide the setters.
    for (const name of ['ticket', 'call'])
      if (Object.hasOwn(this, name)) {
        const value = this[name]
        delete this[name]
        this[name] = value
      }
    this.#every = setInterval(() => this.#tick(), MINUTE)
    this.refresh()
  }

  disconnectedCallback() {
    clearInterval(this.#every)
    this.#asked++
  }

  get ticket() {
    return this.#ticket
  }

  set ticket(id) {
    if (id === this.#ticket) return
    this.#ticket = id
    this.#clear()
    this.refresh()
  }

  get call() {
    return this.#call
  }

  set call(call) {
    this.#call = call
    this.refresh()
  }

  /** Asks again, and shows what comes; only the answer to the last question counts. */
  async refresh() {
    if (!this.isConnected || !this.#ticket || !this.#call) return
    const asked = ++this.#asked
    if (this.#list.childElementCount === 0) this.#say('Loading …')
    try {
      const answer = await this.#call('GET', `/api/plugins/sla/tickets/${encodeURIComponent(this.#ticket)}`)
      if (asked === this.#asked) this.#show(answer)
    } catch (error) {
      if (asked !== this.#asked) return
      this.#clear()
      this.#say(`The timers could not be read: ${error?.message ?? error}`, true)
    }
  }

  #say(text, isError = false) {
    this.#status.className = isError ? 'error' : 'quiet'
    // The same words again would be read out again.
    if (this.#status.textContent !== text) this.#status.textContent = text
  }

  #clear() {
    this.#ticks = []
    this.#policy.textContent = ''
    this.#list.replaceChildren()
    this.#say('')
  }

  #tick() {
    for (const tick of this.#ticks) tick(Date.now() + this.#ahead)
  }

  #show({ asOf, policy, calendar, timers }) {
    const opened = new Set([...this.#list.querySelectorAll('details[open]')].map(({ id }) => id))
    const focused = this.shadowRoot.activeElement?.closest('details')?.id
    this.#ahead = new Date(asOf).getTime() - Date.now()
    this.#ticks = []
    this.#policy.textContent = policy
      ? [`Policy: ${policy.name}`, calendar && `${calendar.name} (${calendar.timeZone})`]
          .filter(Boolean)
          .join(' · ')
      : 'No policy'
    // What can still be kept or is late stands first.
    const sorted = [...timers].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)))
    this.#list.replaceChildren(...sorted.map((timer) => this.#timer(timer, timers, opened)))
    this.#tick()
    const late = timers.filter((timer) => timer.state === 'breached').length
    const running = timers.filter(({ state }) => state === 'running').length
    const paused = timers.filter(({ state }) => state === 'paused').length
    const counts = [
      [late, 'missed'],
      [running, 'running'],
      [paused, 'paused'],
    ].flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []))
    this.#say(timers.length === 0 ? 'There are no timers.' : counts.join(', ') || 'Nothing is due.')
    if (focused) this.shadowRoot.getElementById(focused)?.querySelector('summary').focus()
  }

  #timer(timer, all, opened) {
    const { metric, cycle, state, dueAt, stoppedAt, breachedAt, words, segments } = timer
    const several = all.filter((one) => one.metric === metric).length > 1
    const name = (names[metric] ?? metric) + (several ? ` (${cycle + 1})` : '')
    const item = element('li', { className: `timer ${Object.hasOwn(states, state) ? state : ''}` })
    const shownState = element('span', { className: 'state', text: states[state] ?? state })
    item.append(
      element('div', { className: 'head' }, [element('h3', { text: name }), shownState]),
      ...this.#moments({ timer, item, dueAt, stoppedAt, breachedAt, state }),
    )
    const id = `why-${metric}-${cycle}`
    const summary = element('summary', { text: 'Why' })
    summary.setAttribute('aria-label', `Why: ${name}`)
    const pieces = element('ol', {}, segments.map(piece))
    pieces.setAttribute('role', 'list')
    item.append(
      element('details', { id, open: opened.has(id) }, [summary, element('p', { text: words }), pieces]),
    )
    return item
  }

  #moments({ timer, item, dueAt, stoppedAt, breachedAt, state }) {
    const lines = []
    const line = (word, at) => lines.push(element('p', {}, [`${word} `, time(at)]))
    if (dueAt !== null && state !== 'cancelled') line('Due', dueAt)
    else if (state === 'running') lines.push(element('p', { text: 'Never due' }))
    if (breachedAt !== null && breachedAt !== dueAt) line('Missed', breachedAt)
    if (stoppedAt !== null) line('Ended', stoppedAt)
    const at = dueAt ?? breachedAt
    if (isOpen(timer) && at !== null) {
      const left = element('p', { className: 'left' })
      lines.push(left)
      this.#ticks.push((now) => {
        const ms = new Date(at).getTime() - now
        item.classList.toggle('late', ms <= 0)
        left.textContent = ms > 0 ? `${length(ms)} left` : `${length(ms)} over time`
      })
    } else if (state === 'paused' && timer.remainingMs > 0)
      lines.push(
        element('p', { className: 'left', text: `${length(timer.remainingMs)} left when it goes on` }),
      )
    return lines
  }
}

function piece({ from, to, counted, why }) {
  return element('li', { className: counted ? 'counted' : '' }, [
    // A range tells the day once where it is the same.
    element('div', { className: 'quiet', text: localTime.formatRange(new Date(from), new Date(to)) }),
    element('div', { text: `${counted ? 'Counts' : 'Does not count'}: ${why}` }),
  ])
}

// A console that loads the module twice is no fault.
if (!customElements.get('sla-timers')) customElements.define('sla-timers', SlaTimers)
