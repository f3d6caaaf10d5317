// Two fields of many tickets, written by a plugin on SQLite: in batches, and one ticket after the other in the same
// transactions. `node dist/scripts/bench/fields.js [tickets] [rounds]`
import path from 'node:path'
import Type from 'typebox'
import { type App, createApp } from '../../src/app/app.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { readConfig } from '../../src/config.js'
import { contactByEmail } from '../../src/people/contacts.js'
import { definePlugin, type Plugin, type PluginTx, ticketUpdated } from '../../src/plugin/index.js'
import { createTicket } from '../../src/tickets/create.js'
import { figure, headline, makeDesk, median, withFolder } from './common.js'

const BATCH = 200
const WAYS = ['one', 'many'] as const

type Write = (tickets: readonly string[], way: (typeof WAYS)[number], value: string) => Promise<void>

/** @param wants whether its subscriber wants to know of these changes. */
const writer = (wants: boolean, ready: (write: Write) => void): Plugin =>
  definePlugin({
    name: 'bench',
    version: '1.0.0',
    api: '^1.1.0',
    fields: {
      due: { schema: Type.String(), description: 'Due' },
      state: { schema: Type.String(), description: 'State' },
    },
    setup(app) {
      app.on(ticketUpdated, 'look', async () => {}, { when: () => wants })
      ready(async (tickets, way, value) => {
        for (let from = 0; from < tickets.length; from += BATCH) {
          const ids = tickets.slice(from, from + BATCH)
          await app.db.transaction(async (tx: PluginTx) => {
            const sets = ids.map((ticketId) => ({ ticketId, values: { due: value, state: value } }))
            if (way === 'many') await app.setFields(tx, sets)
            else for (const set of sets) await app.setFields(tx, [set])
          })
        }
      })
    },
  })

async function seed({ db, desk }: App, inboxId: string, count: number): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < count)
    await db.transaction(async (tx) => {
      const { id } = await contactByEmail(tx, 'Ann', 'ann@guest.example')
      const ticket = { subject: 'Hello', inboxId, channel: 'email', requesterId: id }
      for (let n = 0; n < 500; n++)
        ids.push((await createTicket(tx, desk, { kind: 'system', id: null }, ticket)).id)
    })
  return ids.slice(0, count)
}

async function measure(dir: string, wants: boolean, count: number, rounds: number) {
  const { inboxId } = await makeDesk(dir)
  let write!: Write
  const env = { FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0', ROLES: 'web' }
  const plugins = [writer(wants, (it) => void (write = it))]
  const app = await createApp({ config: readConfig(env, ROOT), log: createLog('warn', 2), plugins })
  const tickets = await seed(app, inboxId, count)
  const rates = { one: [] as number[], many: [] as number[] }
  for (let round = 0; round < rounds; round++)
    for (const way of WAYS) {
      const began = performance.now()
      await write(tickets, way, `${way} ${round}`)
      rates[way].push((count * 1000) / (performance.now() - began))
    }
  await app.stop()
  const [many, one] = [median(rates.many), median(rates.one)]
  const who = wants ? 'a subscriber' : 'nobody wants them'
  figure(`batches of ${BATCH}, ${who} (goal: 5000)`, `${many.toFixed(0)} /s`)
  figure(`one by one, ${who}`, `${one.toFixed(0)} /s`)
  figure('ratio', (many / one).toFixed(1))
}

const [count = 20_000, rounds = 3] = process.argv.slice(2).map(Number)
await withFolder(async (dir) => {
  headline(`fields of ${count} tickets, ${rounds} rounds`)
  await measure(path.join(dir, 'quiet'), false, count, rounds)
  await measure(path.join(dir, 'heard'), true, count, rounds)
})
