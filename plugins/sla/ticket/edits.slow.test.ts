// Calendars and policies are edited at random while tickets are worked on: after each edit what is stored is what comes
// out when everything is computed anew, and no breach that was recorded has moved.
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { slaDesk } from '../test-kit.js'
import {
  breaches,
  type Chance,
  chance,
  type Desk,
  differences,
  someCalendar,
  someTargets,
  statesNow,
} from './edits-kit.js'

const SEED = 20260302
const EDITS = { sqlite: 200, postgres: 60 }
const MINUTE = 60_000
const API = '/api/plugins/sla'

interface Policy {
  id: string
  version: number
  name: string
  enabled: boolean
}

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database })
  const luck = chance(SEED)
  const tickets = await open(desk, luck)
  const said: string[] = []
  const states = new Set<string>()
  let before = await breaches(desk)
  for (let edit = 1; edit <= EDITS[database]; edit++) {
    if (edit % 2 === 0) said.push(await work(desk, luck, tickets))
    said.push(await change(desk, luck))
    await desk.app.runJobs()
    const found = await differences(desk)
    for (const state of await statesNow(desk)) states.add(state)
    const after = await breaches(desk)
    const moved = [...before].filter(([timer, { breachedAt, state }]) => {
      const now = after.get(timer)
      return now ? now.breachedAt !== breachedAt : state !== 'cancelled'
    })
    if (found.length > 0 || moved.length > 0) {
      t.same({ found, moved }, { found: [], moved: [] }, `seed ${SEED}, edit ${edit}: ${said.slice(-6)}`)
      break
    }
    before = after
  }
  t.ok(before.size > 10, `${before.size} breaches were recorded on the way (seed ${SEED})`)
  for (const state of ['running', 'paused', 'breached', 'met', 'stopped', 'cancelled'])
    t.ok(states.has(state), `timers were ${state}`)
})

/** Two calendars, three policies, and a dozen tickets that come in the course of a day. */
async function open(desk: Desk, luck: Chance): Promise<string[]> {
  for (const name of ['one', 'two']) await desk.calendar(someCalendar(luck), name)
  for (let i = 0; i < 3; i++) await addPolicy(desk, luck)
  const tickets: string[] = []
  for (let i = 0; i < 12; i++) {
    tickets.push(await mail(desk, i))
    await pass(desk, luck.below(90))
  }
  return tickets
}

const headers = (i: number, more: string) =>
  `From: Ann <ann@guest.example>\r\nTo: support@desk.example\r\nSubject: Case ${i}\r\n${more}\r\n\r\nPlease help.\r\n`

async function mail({ app }: Desk, i: number): Promise<string> {
  const { ticketId } = await app.mail(headers(i, `Message-ID: <case-${i}@guest.example>`))
  await app.runJobs()
  return ticketId!
}

let letters = 0
async function writes({ app }: Desk, i: number): Promise<void> {
  const id = `Message-ID: <more-${++letters}@guest.example>`
  await app.mail(headers(i, `${id}\r\nIn-Reply-To: <case-${i}@guest.example>`))
  await app.runJobs()
}

const pass = ({ app }: Desk, minutes: number) =>
  app.runUntil(new Date(app.clock.now().getTime() + minutes * MINUTE))

/** Something happens on a ticket, and time goes by. */
async function work(desk: Desk, luck: Chance, tickets: readonly string[]): Promise<string> {
  const i = luck.below(tickets.length)
  const id = tickets[i]!
  const { status } = await desk.ok('GET', `/api/tickets/${id}`)
  const what = luck.one(['answer', 'customer', 'status', 'priority', 'tags', 'nothing', 'nothing'])
  if (what === 'customer') await writes(desk, i)
  if (what === 'answer' && status !== 'closed') await desk.answer(id)
  if (what === 'status') {
    const others = ['open', 'pending', 'solved', 'open'].filter((one) => one !== status)
    await desk.change(id, { status: luck.one(others) })
  }
  if (what === 'priority') await desk.change(id, { priority: luck.one(['low', 'normal', 'high', 'urgent']) })
  if (what === 'tags') await desk.change(id, { tags: luck.some(['spam', 'snoozed', 'gold']) })
  const minutes = luck.one([0, 7, 61, 240])
  await pass(desk, minutes)
  return `${what} on ${i}, ${minutes} min`
}

const policies = async ({ ok }: Desk) => (await ok('GET', `${API}/policies`)).items
const conditions = ({ one }: Chance) => one([{}, {}, { priorities: ['high', 'urgent'] }, { tags: ['gold'] }])

async function addPolicy(desk: Desk, luck: Chance): Promise<string> {
  const { items } = await desk.ok('GET', `${API}/calendars`)
  const calendarId = luck.one<{ id: string }>(items).id
  const name = `Policy ${++letters}`
  await desk.policy({ name, calendarId, targets: someTargets(luck), when: conditions(luck) })
  return `add ${name}`
}

/** One edit by an administrator. */
async function change(desk: Desk, luck: Chance): Promise<string> {
  const { ok } = desk
  const all = await policies(desk)
  if (all.length < 2 || luck.maybe(10)) return addPolicy(desk, luck)
  const { id, version, name, enabled } = luck.one<Policy>(all)
  const patch = (changes: object) => ok('PATCH', `${API}/policies/${id}`, { version, ...changes })
  const what = luck.one([
    'calendar',
    'calendar',
    'calendar',
    'targets',
    'when',
    'order',
    'on',
    'delete',
    'reapply',
    'name',
  ])
  if (what === 'calendar') await changeCalendar(desk, luck)
  if (what === 'targets') await patch({ targets: someTargets(luck) })
  if (what === 'when') await patch({ when: conditions(luck) })
  if (what === 'on') await patch({ enabled: !enabled })
  if (what === 'name') await patch({ name: `${name}.`.slice(-40) })
  if (what === 'delete' && all.length > 3) await ok('DELETE', `${API}/policies/${id}`)
  if (what === 'order') {
    const ids = all.map((one: { id: string }) => one.id)
    await ok('PUT', `${API}/policies/order`, { ids: [...ids.slice(1), ids[0]] })
  }
  if (what === 'reapply') await ok('POST', `${API}/policies/reapply`)
  return `${what} of ${name}`
}

async function changeCalendar({ ok }: Desk, luck: Chance): Promise<void> {
  const { items } = await ok('GET', `${API}/calendars`)
  const { id, version, definition } = luck.one<{ id: string; version: number; definition: object }>(items)
  const other = someCalendar(luck)
  const part = luck.one(['holidays', 'hours', 'timeZone'] as const)
  await ok('PATCH', `${API}/calendars/${id}`, {
    version,
    definition: { ...definition, [part]: other[part] },
  })
}
