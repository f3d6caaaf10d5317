// Several worker processes on one PostgreSQL: what order.ts promises inside of one process holds between them too.
import { asc } from 'drizzle-orm'
import t, { type Test } from 'tap'
import type { App } from '../../src/app/app.js'
import { normalise } from '../../src/intake/mime/normalise.js'
import { receive } from '../../src/intake/receive.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { folder, pause, times, until } from '../support/databases.js'
import { mail } from '../support/mails.js'
import { deskAt, schema, WITHOUT_SERVER } from '../support/postgres.js'

const INBOXES = ['one@desk.example', 'two@desk.example']

/** Three workers; how long one takes to parse a mail differs, so that they overtake each other. */
async function workers(t: Test): Promise<App[]> {
  const url = await schema(t)
  const dir = folder(t)
  const apps: App[] = []
  for (let at = 0; at < 3; at++) {
    const app = await deskAt(t, url, dir)
    Object.assign(app.intakeDeps.normaliser, {
      async normalise(raw: Uint8Array) {
        const message = await normalise(raw)
        await pause(Math.random() * 60)
        return message
      },
    })
    apps.push(app)
  }
  await apps[0]!.db.transaction(async (tx) => {
    for (const address of INBOXES) await createInbox(tx, { address, group: 'default' })
  })
  return apps
}

const intakesOf = ({ db }: App) => db.select().from(db.t.intakes).orderBy(asc(db.t.intakes.id))

async function done(app: App, count: number) {
  await until(async () => {
    const rows = await intakesOf(app)
    return rows.length === count && rows.every(({ state }) => state !== 'received')
  }, 30_000)
  return intakesOf(app)
}

const give = (app: App, raw: string, address = INBOXES[0]!) =>
  receive(app.intakeDeps, [{ raw: Buffer.from(raw), address, channel: 'email', receivedAt: new Date() }])

t.test('the same mail to two inboxes of a group is one ticket', { skip: WITHOUT_SERVER }, async (t) => {
  const apps = await workers(t)
  for (const app of apps) await app.start()
  await Promise.all(
    times(40, async (index) => {
      const raw = mail({
        subject: `matter ${index}`,
        from: `guest${index}@guest.example`,
        id: `${index}@g.example`,
      })
      await Promise.all(INBOXES.map((address, at) => give(apps[(index + at) % 3]!, raw, address)))
    }),
  )
  const rows = await done(apps[0]!, 80)
  t.same(
    ['opened', 'duplicate', 'failed'].map((state) => rows.filter((row) => row.state === state).length),
    [40, 40, 0],
  )
})

t.test(
  'an answer is stored after what it answers, and one sender in order',
  { skip: WITHOUT_SERVER },
  async (t) => {
    const apps = await workers(t)
    for (const app of apps) await app.start()
    for (let index = 0; index < 30; index++) {
      const from = `guest${index}@guest.example`
      const first = { subject: `matter ${index}`, from, to: `${INBOXES[0]}, friend${index}@guest.example` }
      await give(apps[0]!, mail({ ...first, id: `${index}@g.example`, text: 'first '.repeat(3000) }))
      const answer = { subject: 'Re', from: `friend${index}@guest.example`, id: `a${index}@g.example` }
      await give(apps[1]!, mail({ ...answer, headers: { 'In-Reply-To': `<${index}@g.example>` } }))
      await give(
        apps[2]!,
        mail({
          subject: 'third',
          from,
          id: `t${index}@g.example`,
          headers: { 'In-Reply-To': `<${index}@g.example>` },
        }),
      )
    }
    const rows = await done(apps[0]!, 90)
    t.same(
      ['opened', 'appended'].map((state) => rows.filter((row) => row.state === state).length),
      [30, 60],
    )
  },
)
