// The desk as one plugin sees it: the core's own functions, with the plugin as the one who acts.
import type { Tx } from '../db/types.js'
import { fail, unknownReference } from '../errors.js'
import { sanitizeHtml } from '../intake/mime/html.js'
import { mailAgent } from '../outbound/agent-mail.js'
import { readAgents } from '../people/agents.js'
import { contactByEmail, readContact } from '../people/contacts.js'
import { answerAutomatically } from '../tickets/automatic.js'
import { logCall } from '../tickets/call.js'
import { createTicket, type Ticket, ticketById } from '../tickets/create.js'
import type { Actor, Desk } from '../tickets/desk.js'
import { problemOf } from '../tickets/fields.js'
import { inboxById } from '../tickets/inboxes.js'
import { addNote } from '../tickets/note.js'
import { reply } from '../tickets/reply.js'
import { updateTicket } from '../tickets/update.js'
import { coreTx as writer } from './app.js'
import type { OutgoingInput, PluginDesk } from './desk.js'
import { readers } from './readers.js'

export function deskFor(desk: Desk, plugin: string): PluginDesk {
  const actor: Actor = { kind: 'system', id: `plugin:${plugin}` }
  return {
    ...readers,
    ticketFields: () =>
      desk.fields.all().map(({ name, description, readOnly, schema }) => ({
        ...{ name, description, readOnly },
        problem: (value) => problemOf({ schema }, value),
      })),
    channels: () => [...desk.channels],
    contactByEmail: (tx, address, name = '') => contactByEmail(writer(tx), name, address),

    async createTicket(tx, { tags, channel = 'api', ...input }) {
      const core = writer(tx)
      if (!(await inboxById(core, input.inboxId))) throw unknownReference('inboxId', input.inboxId)
      if (!(await readContact(core, input.requesterId)))
        throw unknownReference('requesterId', input.requesterId)
      if (!desk.channels.has(channel)) throw unknownReference('channel', channel)
      return createTicket(core, desk, actor, { channel, ...input, ...(tags && { tags: [...tags] }) })
    },
    async updateTicket(tx, ticketId, { tags, ...changes }) {
      const core = writer(tx)
      const all = { ...changes, ...(tags && { tags: [...tags] }) }
      await updateTicket(core, desk, actor, await mustFind(core, ticketId), all)
    },
    async addNote(tx, ticketId, text) {
      const core = writer(tx)
      return addNote(core, desk, actor, await mustFind(core, ticketId), { text })
    },
    async logCall(tx, ticketId, { agentId, ...input }) {
      const core = writer(tx)
      if (agentId !== undefined && !(await readAgents(core, agentId))[0])
        throw unknownReference('agentId', agentId)
      const author: Actor = agentId === undefined ? actor : { kind: 'agent', id: agentId }
      return logCall(core, desk, author, await mustFind(core, ticketId), input)
    },
    async reply(tx, ticketId, input) {
      const core = writer(tx)
      const ticket = await mustFind(core, ticketId)
      const message = await reply(core, desk, actor, ticket, { ...safe(input), sendAt: core.now })
      return message.id
    },
    async answerAutomatically(tx, ticketId, input) {
      const core = writer(tx)
      return answerAutomatically(core, desk, actor, await mustFind(core, ticketId), safe(input))
    },
    mailAgent: (tx, { key, ...input }) => mailAgent(writer(tx), { ...input, key: `${plugin} ${key}` }),
  }
}

const safe = ({ html, ...rest }: OutgoingInput): OutgoingInput => ({
  ...rest,
  ...(html !== undefined && { html: sanitizeHtml(html).html }),
})

/** @throws DeskError `not_found`. */
export async function mustFind(tx: Tx, ticketId: string): Promise<Ticket> {
  const ticket = await ticketById(tx, ticketId)
  if (!ticket) throw fail('not_found', `There is no ticket "${ticketId.slice(0, 80)}".`)
  return ticket
}
