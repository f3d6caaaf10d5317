// Messages: reading, replies, notes, taking back, moving; attachments up and down.
import { and, eq, isNull } from 'drizzle-orm'
import Type from 'typebox'
import { newId } from '../../clock.js'
import type { Tx } from '../../db/types.js'
import { fail } from '../../errors.js'
import { cleanFilename } from '../../intake/mime/filename.js'
import { sanitizeHtml } from '../../intake/mime/html.js'
import { permissions } from '../../people/permissions.js'
import { sha256 } from '../../settings/secrets.js'
import { logCall } from '../../tickets/call.js'
import { cancelReply, sendAgain } from '../../tickets/delivery.js'
import { moveMessage } from '../../tickets/merge.js'
import type { Message } from '../../tickets/messages.js'
import { addNote } from '../../tickets/note.js'
import { MOST_RECIPIENTS, reply } from '../../tickets/reply.js'
import type { Routes } from '../context.js'
import { serveFile } from '../download.js'
import { readCursor } from '../pages.js'
import { byId, id, instant, mailboxSchema, page, pageQuery, statusSchema, strict } from '../schemas.js'
import { callFields, callOf } from './call-fields.js'
import { actorOf, bodyText } from './ticket-changes.js'
import { messageFor, messageView, readMessage, readMessages, ticketFor } from './view.js'

const UPLOAD_BYTES = 25 * 1024 * 1024
const files = Type.Array(id(), { maxItems: 50, description: 'Ids of uploads' })
const recipients = Type.Array(mailboxSchema, { maxItems: MOST_RECIPIENTS })

export const messageRoutes: Routes = (add, { db, desk, blobs }) => {
  add({
    method: 'GET',
    url: '/tickets/:id/messages',
    permission: permissions.ticketsRead,
    tag: 'Messages',
    summary: 'Messages of a ticket, the oldest first',
    params: byId,
    query: Type.Object(pageQuery),
    response: { 200: page('Message') },
    async handler({ who, params, query: { limit = 50, cursor } }) {
      const ticket = await ticketFor(db, who, params.id)
      const rows = await readMessages(db, ticket.id, readCursor(cursor), limit + 1)
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items,
        nextCursor: rows.length > limit && last ? Buffer.from(last.id).toString('base64url') : null,
      }
    },
  })

  add({
    method: 'POST',
    url: '/tickets/:id/replies',
    permission: permissions.ticketsReply,
    tag: 'Messages',
    summary: 'Reply to a ticket',
    description:
      'The reply is queued, waits for the undo window (or until `sendAt`) and is then sent. With `against`, the id of the last public message you have seen, a newer one refuses the reply with 409 `stale_reply`.',
    params: byId,
    body: strict({
      text: bodyText,
      html: Type.Optional(Type.String({ maxLength: 500_000 })),
      to: Type.Optional(Type.Array(mailboxSchema, { minItems: 1, maxItems: MOST_RECIPIENTS })),
      cc: Type.Optional(recipients),
      attachments: Type.Optional(files),
      against: Type.Optional(id()),
      sendAt: Type.Optional(instant()),
      status: Type.Optional(statusSchema),
    }),
    response: { 201: Type.Ref('Message#') },
    handler: async ({ who, params, body, write }) =>
      write(async (tx) => {
        const ticket = await ticketFor(tx, who, params.id)
        const { html, sendAt, ...input } = body
        const message = await reply(tx, desk, actorOf(who), ticket, {
          ...input,
          ...(html !== undefined && { html: sanitizeHtml(html).html }),
          ...(sendAt !== undefined && { sendAt: new Date(sendAt) }),
        } as Parameters<typeof reply>[4])
        return body.attachments?.length ? messageView(tx, message) : { ...message, attachments: [] }
      }),
  })

  add({
    method: 'POST',
    url: '/tickets/:id/notes',
    permission: permissions.ticketsWrite,
    tag: 'Messages',
    summary: 'Add a note that only agents see',
    params: byId,
    body: strict({ text: bodyText, attachments: Type.Optional(files) }),
    response: { 201: Type.Ref('Message#') },
    handler: async ({ who, params, body, write }) =>
      write(async (tx) => {
        const ticket = await ticketFor(tx, who, params.id)
        const { text, attachments = [] } = body
        return readMessage(tx, await addNote(tx, desk, actorOf(who), ticket, { text, attachments }))
      }),
  })

  add({
    method: 'POST',
    url: '/tickets/:id/calls',
    permission: permissions.ticketsWrite,
    tag: 'Messages',
    summary: 'Log a phone call',
    description: 'Agents see it as a note of the channel `phone`. It changes no status.',
    params: byId,
    body: strict(callFields),
    response: { 201: Type.Ref('Message#') },
    handler: async ({ who, params, body, write }) =>
      write(async (tx) => {
        const ticket = await ticketFor(tx, who, params.id)
        return readMessage(tx, await logCall(tx, desk, actorOf(who), ticket, callOf(body)))
      }),
  })

  add({
    method: 'GET',
    url: '/messages/:id',
    permission: permissions.ticketsRead,
    tag: 'Messages',
    summary: 'One message',
    params: byId,
    response: { 200: Type.Ref('Message#') },
    handler: async ({ who, params }) => readMessage(db, (await messageFor(db, who, params.id)).message.id),
  })

  for (const [name, summary, act] of [
    [
      'cancel',
      'Take a reply back while it waits',
      (tx: Tx, agentId: string, message: Message) => cancelReply(tx, desk, agentId, message),
    ],
    ['retry', 'Send a reply again that failed', sendAgain],
  ] as const)
    add({
      method: 'POST',
      url: `/messages/:id/${name}`,
      permission: permissions.ticketsReply,
      tag: 'Messages',
      summary,
      params: byId,
      response: { 200: Type.Ref('Message#') },
      handler: async ({ who, params, write }) =>
        write(async (tx) => {
          const { message } = await messageFor(tx, who, params.id)
          await act(tx, who.agentId, message)
          return readMessage(tx, message.id)
        }),
    })

  add({
    method: 'POST',
    url: '/messages/:id/move',
    permission: permissions.ticketsWrite,
    tag: 'Messages',
    summary: 'Move a message to another ticket, or to a new one',
    description: 'Moving it back undoes it.',
    params: byId,
    body: strict({ to: Type.Union([id(), Type.Null()], { description: 'null: a new ticket' }) }),
    response: { 200: Type.Ref('Message#') },
    handler: async ({ who, params, body, write }) =>
      write(async (tx) => {
        const { message, ticket } = await messageFor(tx, who, params.id)
        const target = body.to === null ? null : await ticketFor(tx, who, body.to)
        await moveMessage(tx, desk, actorOf(who), message, ticket, target)
        return readMessage(tx, message.id)
      }),
  })

  add({
    method: 'POST',
    url: '/attachments',
    permission: permissions.ticketsWrite,
    tag: 'Attachments',
    summary: 'Upload a file for a reply or note',
    description: 'The body is the file itself, at most 25 MB. It is kept for a day until a message takes it.',
    consumes: ['application/octet-stream'],
    query: strict({
      filename: Type.String({ minLength: 1, maxLength: 200, examples: ['invoice.pdf'] }),
      contentType: Type.Optional(
        Type.String({ pattern: '^[\\w.+-]+/[\\w.+-]+$', maxLength: 100, examples: ['application/pdf'] }),
      ),
    }),
    bodyLimit: UPLOAD_BYTES,
    response: { 201: Type.Ref('Attachment#') },
    async handler({ who, query, request, write }) {
      const bytes = request.body
      if (!Buffer.isBuffer(bytes))
        throw fail('unsupported_media_type', 'Send the file as application/octet-stream.')
      const hash = sha256(bytes)
      await blobs.put(hash, bytes)
      return write(async (tx) => {
        const row = {
          id: newId(),
          agentId: who.agentId,
          filename: cleanFilename(query.filename, query.contentType ?? ''),
          contentType: query.contentType ?? 'application/octet-stream',
          size: bytes.byteLength,
          hash,
          contentId: null,
          inline: false,
          createdAt: tx.now,
        }
        await tx.insert(tx.t.attachments).values(row)
        return row
      })
    },
  })

  add({
    method: 'GET',
    url: '/attachments/:id',
    permission: permissions.ticketsRead,
    tag: 'Attachments',
    summary: 'Download an attachment',
    params: byId,
    response: { 200: Type.String({ description: 'The file' }) },
    async handler({ who, params, reply }) {
      const { attachments } = db.t
      const [file] = await db.select().from(attachments).where(eq(attachments.id, params.id))
      if (!file) throw fail('not_found')
      if (file.messageId) await messageFor(db, who, file.messageId)
      else if (file.agentId !== who.agentId) throw fail('not_found')
      return serveFile(reply, blobs, file)
    },
  })

  add({
    method: 'DELETE',
    url: '/attachments/:id',
    permission: permissions.ticketsWrite,
    tag: 'Attachments',
    summary: 'Drop an upload that no message has taken',
    params: byId,
    response: { 204: null },
    async handler({ who, params, write }) {
      await write(async (tx) => {
        const { attachments } = tx.t
        const gone = await tx
          .delete(attachments)
          .where(
            and(
              eq(attachments.id, params.id),
              isNull(attachments.messageId),
              eq(attachments.agentId, who.agentId),
            ),
          )
          .returning({ id: attachments.id })
        if (gone.length === 0) throw fail('not_found')
      })
    },
  })
}
