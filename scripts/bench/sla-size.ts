// What one ticket costs beside 1,000 timers and beside 1,000,000: what grows with their number lacks an index. Tickets are
// copies of one that the desk has made, row by row. `node dist/scripts/bench/sla-size.js [timers]`
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import sla from '../../plugins/sla/index.js'
import { type App, createApp } from '../../src/app/app.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { readConfig } from '../../src/config.js'
import { contactByEmail } from '../../src/people/contacts.js'
import { createTicket } from '../../src/tickets/create.js'
import { figure, headline, makeDesk, median, withFolder } from './common.js'

const ROUNDS = 60
const HOUR = 3_600_000
const week = Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [['09:00', '17:00']]]))
const API = '/api/plugins/sla'

const open = (dir: string) =>
  createApp({
    config: readConfig({ FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0' }, ROOT),
    log: createLog('warn', 2),
    plugins: [sla],
  })

const caller =
  ({ http }: App, token: string) =>
  async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await http.app.inject({ method, url, headers, ...(payload && { payload }) })
    if (answer.statusCode >= 300) throw new Error(`${url}: ${answer.body}`)
    return answer.json()
  }

async function newTicket({ db, desk, engine }: App, inboxId: string): Promise<string> {
  const { id } = await db.transaction(async (tx) => {
    const { id: requesterId } = await contactByEmail(tx, 'Ann', 'ann@guest.example')
    const ticket = { subject: 'Hello', inboxId, channel: 'email', requesterId }
    return createTicket(tx, desk, { kind: 'system', id: null }, ticket)
  })
  await engine.runDue()
  return id
}

/** Every table that has rows of this ticket gets those of `copies` more, a minute apart. */
function copy(file: string, ticketId: string, copies: number) {
  const db = new SqliteDriver(file)
  db.pragma('synchronous = OFF')
  const tables = db.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[]
  const id = `substr(:ticket, 1, 24) || printf('%012x', n)`
  const values: Record<string, string> = {
    ticket_id: id,
    number: 'number + n',
    key: `replace(key, :ticket, ${id})`,
    data: `replace(data, :ticket, ${id})`,
    run_at: 'run_at + n * 60000',
    due_at: 'due_at + n * 60000',
    counted_at: 'counted_at - n * 60000',
    created_at: 'created_at - n * 60000',
    value: `case when value like '"20%' then strftime('"%Y-%m-%dT%H:%M:%S.000Z"', 'now', n || ' minutes') else value end`,
  }
  db.transaction(() => {
    for (const table of tables) {
      const columns = db.pragma(`table_info(${table})`) as { name: string; pk: number }[]
      const names = columns.map(({ name }) => name).filter((name) => name !== 'seq' || table !== 'timeline')
      const own = table === 'tickets' ? 'id' : table === 'jobs' ? 'key' : 'ticket_id'
      if (!names.includes(own)) continue
      const chosen = names.map((name) => {
        if (name === 'id') return table === 'tickets' ? id : `substr(id, 1, 23) || printf('-%012x', n)`
        return values[name] ?? `"${name}"`
      })
      db.prepare(
        `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < :copies)
          insert into "${table}" (${names.map((name) => `"${name}"`)})
          select ${chosen} from "${table}", numbers where "${own}" = :ticket`,
      ).run({ ticket: ticketId, copies })
    }
  })()
  db.close()
}

type Figures = Record<string, number>

async function measure(dir: string, token: string, inboxId: string): Promise<Figures> {
  const app = await open(dir)
  const call = caller(app, token)
  const ids: string[] = []
  const soon = (ms: number) => new Date(Date.now() + ms).toISOString()
  const works: Record<string, (n: number) => Promise<unknown>> = {
    'a ticket comes, with its timers': async () => ids.push(await newTicket(app, inboxId)),
    'its answer, until the timer has ended': async (n) => {
      await call('POST', `/api/tickets/${ids[n]}/replies`, { text: 'We look into it.' })
      await app.engine.runDue()
    },
    'its timers explained': (n) => call('GET', `${API}/tickets/${ids[n]}`),
    'the list, due next first': () => call('GET', '/api/tickets?sort=field:sla.due&limit=25'),
    'the list of one state': () => call('GET', '/api/tickets?field=sla.state:running&limit=25'),
    'a report of an hour': () =>
      call('GET', `${API}/report?from=${soon(-HOUR)}&to=${soon(1000)}&group=policy,team`),
  }
  const figures: Figures = {}
  for (const [name, work] of Object.entries(works)) {
    const took: number[] = []
    for (let n = 0; n < ROUNDS; n++) {
      const began = performance.now()
      await work(n)
      took.push(performance.now() - began)
    }
    figures[name] = median(took)
  }
  await app.stop()
  return figures
}

async function makeSla(dir: string, token: string, inboxId: string): Promise<string> {
  const app = await open(dir)
  await app.plugins.start()
  const call = caller(app, token)
  const definition = { timeZone: 'Europe/Berlin', hours: week }
  const { id: calendarId } = await call('POST', `${API}/calendars`, { name: 'Office', definition })
  const targets = ['first_response', 'resolution'].map((metric) => ({ metric, within: '40 business hours' }))
  await call('POST', `${API}/policies`, { name: 'All', calendarId, targets })
  const ticketId = await newTicket(app, inboxId)
  await app.stop()
  return ticketId
}

async function beside(timers: number): Promise<Figures> {
  let figures: Figures = {}
  await withFolder(async (dir) => {
    const { token, inboxId } = await makeDesk(dir)
    const ticketId = await makeSla(dir, token, inboxId)
    copy(path.join(dir, 'frontdesk.db'), ticketId, timers / 2)
    figures = await measure(dir, token, inboxId)
  })
  return figures
}

const [most = 1_000_000] = process.argv.slice(2).map(Number)
headline(`beside 1,000 timers, beside ${most}, and the ratio`)
const few = await beside(1000)
const many = await beside(most)
for (const [name, ms] of Object.entries(many))
  figure(name, `${few[name]!.toFixed(2)} ms  ${ms.toFixed(2)} ms  ${(ms / few[name]!).toFixed(2)}`)
