// The very first start: a small hotel to try things on. Its mails come in through the spool like any others.

import { setTimeout as delay } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import type { App } from '../app/app.js'
import { after, DAY, MINUTE, newId, SECOND } from '../clock.js'
import type { Reader, Tx } from '../db/types.js'
import { createToken } from '../people/tokens.js'
import { createInbox } from '../tickets/inboxes.js'
import { composeDemo } from './compose.js'
import { demoMails } from './mails.js'

export const DEMO_INBOXES = {
  reception: 'reception@hotel.example',
  bookings: 'bookings@hotel.example',
} as const

/** @returns the token of the administrator, or null when this desk has its own data already. */
export async function makeDemo(app: App): Promise<string | null> {
  if (!app.config.demo || !(await isEmpty(app.db))) return null
  const token = await app.db.transaction(async (tx) => {
    // On PostgreSQL another desk may begin at this moment.
    await tx.lock('demo')
    return (await isEmpty(tx)) ? makePeople(tx) : null
  })
  if (token === null) return null
  const start = after(app.clock.now(), -demoMails.length * MINUTE)
  await app.spool.putMany(
    demoMails.map((mail, index) => ({
      raw: composeDemo(mail, DEMO_INBOXES[mail.inbox], after(start, index * MINUTE)),
      inbox: DEMO_INBOXES[mail.inbox],
    })),
  )
  await untilProcessed(app)
  return token
}

async function isEmpty(r: Reader): Promise<boolean> {
  const [agents, inboxes] = await Promise.all([
    r.select({ id: r.t.agents.id }).from(r.t.agents).limit(1),
    r.select({ id: r.t.inboxes.id }).from(r.t.inboxes).limit(1),
  ])
  return agents.length === 0 && inboxes.length === 0
}

async function makePeople(tx: Tx): Promise<string> {
  const reception = await createInbox(tx, { address: DEMO_INBOXES.reception, name: 'Reception' })
  const bookings = await createInbox(tx, { address: DEMO_INBOXES.bookings, name: 'Bookings' })
  const admin = await makeAgent(tx, 'Robin Admin', 'robin@hotel.example', 'admin')
  const mia = await makeAgent(tx, 'Mia Desk', 'mia@hotel.example', 'agent')
  const noah = await makeAgent(tx, 'Noah Book', 'noah@hotel.example', 'agent')
  await makeTeam(tx, 'Reception', [mia], [reception.id])
  await makeTeam(tx, 'Reservations', [noah, mia], [bookings.id])
  const { token } = await createToken(tx, { agentId: admin, name: 'demo', kind: 'token', lifeMs: 365 * DAY })
  return token
}

async function makeAgent(tx: Tx, name: string, email: string, roleName: string): Promise<string> {
  const { agents, roles } = tx.t
  const [role] = await tx.select({ id: roles.id }).from(roles).where(eq(roles.name, roleName))
  const id = newId()
  await tx
    .insert(agents)
    .values({ id, name, email, roleId: role!.id, passwordHash: null, active: true, createdAt: tx.now })
  return id
}

async function makeTeam(tx: Tx, name: string, agentIds: string[], inboxIds: string[]) {
  const teamId = newId()
  await tx.insert(tx.t.teams).values({ id: teamId, name })
  await tx.insert(tx.t.teamMembers).values(agentIds.map((agentId) => ({ teamId, agentId })))
  await tx.insert(tx.t.teamInboxes).values(inboxIds.map((inboxId) => ({ teamId, inboxId })))
}

/** So that the lines we print can be tried at once. A slow machine only makes the list fill while one reads. */
async function untilProcessed({ db }: App) {
  const { intakes } = db.t
  for (const until = Date.now() + 20 * SECOND; Date.now() < until; await delay(50)) {
    const rows = await db.select({ state: intakes.state }).from(intakes)
    if (rows.length >= demoMails.length && rows.every(({ state }) => state !== 'received')) return
  }
}
