// The shapes of the API, by name; OpenAPI lists them as components.
import Type, { type Static, type TSchema } from 'typebox'
import { priorities, statuses } from '../tickets/tokens.js'

export const oneOf = <T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options })
export const statusSchema = oneOf(statuses, { description: 'new, open, pending, solved or closed' })
export const prioritySchema = oneOf(priorities)
export const id = (example = '01980c3e-0000-7000-8000-000000000001') =>
  Type.String({ minLength: 1, maxLength: 64, examples: [example] })
export const instant = (options = {}) =>
  Type.String({ format: 'date-time', examples: ['2026-03-03T10:00:00.000Z'], ...options })
/** Bounded: 1e300 is an integer to JSON, and none to a database. */
export const version = Type.Integer({ minimum: 1, maximum: 2 ** 31 })
/** As `type: [..., 'null']`: the serialiser of Fastify takes a union to its validator, value by value. */
export const orNull = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [(schema as { type?: string }).type, 'null'] })
export const mailboxSchema = Type.Object(
  {
    name: Type.String({ maxLength: 200, examples: ['Ann Guest'] }),
    address: Type.String({
      minLength: 3,
      maxLength: 254,
      pattern: '^[^\\s<>"(),:;\\[\\]\\\\@]+@[^\\s<>"(),:;\\[\\]\\\\@]+$',
      examples: ['ann@example.org'],
    }),
  },
  { additionalProperties: false },
)
const shownMailbox = Type.Object({ name: Type.String(), address: Type.String() })

const problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable; see docs/errors.md' }),
    requestId: Type.String(),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
    current: Type.Optional(Type.Unknown()),
  },
  {
    $id: 'Problem',
    examples: [
      {
        type: 'urn:frontdesk:error:invalid_request',
        title: 'The request does not have the shape that this route takes; see `errors`.',
        status: 400,
        code: 'invalid_request',
        requestId: 'req-1',
        errors: [{ field: 'body/subject', message: 'is missing' }],
      },
    ],
  },
)

const ticketFields = {
  id: id(),
  number: Type.Integer({ examples: [12] }),
  version: Type.Integer({ description: 'Send it with a change; a newer one refuses the change.' }),
  subject: Type.String({ examples: ['The shower is cold'] }),
  status: Type.String({ examples: ['open'] }),
  priority: Type.String({ examples: ['normal'] }),
  channel: Type.String({ examples: ['email'] }),
  inboxId: id(),
  requesterId: id(),
  requesterName: Type.String({ examples: ['Ann Guest'] }),
  assigneeId: orNull(Type.String()),
  teamId: orNull(Type.String()),
  tags: Type.Array(Type.String(), { examples: [['vip']] }),
  createdAt: instant(),
  updatedAt: instant(),
  lastMessageAt: orNull(instant()),
}

const ticket = Type.Object(ticketFields, { $id: 'Ticket' })

export const fieldsSchema = Type.Object(
  {},
  {
    // Not as a union: see orNull.
    additionalProperties: { type: ['string', 'number', 'boolean'] },
    description: 'Values of the fields that plugins bring',
  },
)

const ticketItem = Type.Object({ ...ticketFields, fields: fieldsSchema }, { $id: 'TicketItem' })

const attachment = Type.Object(
  {
    id: id(),
    filename: Type.String({ examples: ['invoice.pdf'] }),
    contentType: Type.String({ examples: ['application/pdf'] }),
    size: Type.Integer(),
    contentId: orNull(Type.String()),
    inline: Type.Boolean(),
  },
  { $id: 'Attachment' },
)

const message = Type.Object(
  {
    id: id(),
    ticketId: id(),
    direction: Type.String({
      description: 'in: from outside, out: a reply, note: seen by agents only',
      examples: ['in'],
    }),
    channel: Type.String(),
    contactId: orNull(Type.String()),
    agentId: orNull(Type.String()),
    subject: Type.String(),
    text: Type.String(),
    html: Type.String({ description: 'Sanitised. Show it in a script-less sandboxed frame all the same.' }),
    folded: Type.Array(Type.Object({ start: Type.Integer(), end: Type.Integer(), kind: Type.String() }), {
      description: 'Pieces of `text` to fold away when shown: quoted history and signatures.',
    }),
    from: orNull(shownMailbox),
    to: Type.Array(shownMailbox),
    cc: Type.Array(shownMailbox),
    messageId: orNull(Type.String()),
    date: orNull(instant({ description: 'What the mail says; order is by arrival.' })),
    automatic: orNull(Type.String({ description: 'auto-reply, bulk or bounce' })),
    warnings: Type.Array(Type.String()),
    intakeId: orNull(Type.String()),
    delivery: orNull(
      Type.String({ description: 'queued, sent, failed or cancelled; null unless it is a reply' }),
    ),
    sendAt: orNull(instant()),
    sentAt: orNull(instant()),
    error: orNull(Type.String({ description: 'Why it was delayed or failed.' })),
    createdAt: instant(),
    attachments: Type.Array(Type.Ref('Attachment#')),
  },
  { $id: 'Message' },
)

const participant = Type.Object(
  { contactId: id(), role: Type.String(), name: Type.String(), address: orNull(Type.String()) },
  { $id: 'Participant' },
)

export const stagesSchema = Type.Object(
  {},
  { additionalProperties: Type.String(), description: 'Workflow -> the stage that the ticket is in' },
)

const ticketDetail = Type.Object(
  {
    ...ticketFields,
    solvedAt: orNull(instant()),
    closedAt: orNull(instant()),
    mergedIntoId: orNull(Type.String()),
    lastPublicMessageId: orNull(Type.String({ description: 'Send it as `against` with a reply.' })),
    participants: Type.Array(Type.Ref('Participant#')),
    messages: Type.Array(Type.Ref('Message#')),
    fields: fieldsSchema,
    stages: stagesSchema,
    links: Type.Array(Type.Object({ ticketId: id(), otherId: id(), kind: Type.String() })),
  },
  { $id: 'TicketDetail' },
)

const timelineEntry = Type.Object(
  {
    seq: Type.Integer(),
    at: instant(),
    type: Type.String({ examples: ['message_received'] }),
    actorKind: Type.String({ examples: ['contact'] }),
    actorId: orNull(Type.String()),
    messageId: orNull(Type.String()),
    data: Type.Object({}, { additionalProperties: true }),
  },
  { $id: 'TimelineEntry' },
)

export const identitySchema = Type.Object(
  { kind: oneOf(['email', 'phone']), value: Type.String({ minLength: 3, maxLength: 254 }) },
  { additionalProperties: false },
)

const contact = Type.Object(
  {
    id: id(),
    version: Type.Integer(),
    name: Type.String(),
    language: orNull(Type.String()),
    notes: Type.String(),
    identities: Type.Array(Type.Object({ kind: Type.String(), value: Type.String() })),
    createdAt: instant(),
    updatedAt: instant(),
  },
  { $id: 'Contact' },
)

const inbox = Type.Object(
  {
    id: id(),
    address: Type.String({ examples: ['reception@hotel.example'] }),
    name: Type.String(),
    group: Type.String(),
    options: Type.Object({}, { additionalProperties: true, description: 'Secrets are shown as `***`.' }),
    createdAt: instant(),
  },
  { $id: 'Inbox' },
)

const team = Type.Object(
  { id: id(), name: Type.String(), agentIds: Type.Array(Type.String()), inboxIds: Type.Array(Type.String()) },
  { $id: 'Team' },
)

const agent = Type.Object(
  {
    id: id(),
    name: Type.String(),
    email: Type.String(),
    roleId: id(),
    active: Type.Boolean(),
    createdAt: instant(),
  },
  { $id: 'Agent' },
)

const role = Type.Object(
  { id: id(), name: Type.String(), permissions: Type.Array(Type.String()), allInboxes: Type.Boolean() },
  { $id: 'Role' },
)

const token = Type.Object(
  {
    id: id(),
    kind: Type.String(),
    name: Type.String(),
    agentId: id(),
    createdAt: instant(),
    expiresAt: instant(),
  },
  { $id: 'Token' },
)

const setting = Type.Object(
  {
    key: Type.String(),
    description: Type.String(),
    value: Type.Unknown(),
    fallback: Type.Unknown(),
    schema: Type.Unknown(),
  },
  { $id: 'Setting' },
)

const intake = Type.Object(
  {
    id: id(),
    channel: Type.String(),
    address: Type.String(),
    inboxId: orNull(Type.String()),
    state: Type.String({
      description: 'received, opened, appended, duplicate, rejected, quarantined or failed',
    }),
    reason: orNull(Type.String()),
    sender: orNull(Type.String()),
    subject: orNull(Type.String()),
    size: Type.Integer(),
    copies: Type.Integer({ description: 'How often the same mail was handed over.' }),
    ticketId: orNull(Type.String()),
    messageId: orNull(Type.String()),
    duplicateOf: orNull(Type.String()),
    trace: Type.Array(Type.Object({}, { additionalProperties: true })),
    receivedAt: instant(),
    finishedAt: orNull(instant()),
  },
  { $id: 'Intake' },
)

const job = Type.Object(
  {
    id: id(),
    name: Type.String(),
    key: orNull(Type.String()),
    state: Type.String({ description: 'waiting, running, parked or dead' }),
    attempts: Type.Integer(),
    runAt: instant(),
    error: orNull(Type.String()),
    createdAt: instant(),
  },
  { $id: 'Job' },
)

export const components: TSchema[] = [
  problem,
  ticket,
  ticketItem,
  attachment,
  message,
  participant,
  ticketDetail,
  timelineEntry,
  contact,
  inbox,
  team,
  agent,
  role,
  token,
  setting,
  intake,
  job,
]

export const page = (item: string) =>
  Type.Object({
    items: Type.Array(Type.Ref(`${item}#`)),
    nextCursor: orNull(Type.String({ description: 'Give it as `cursor` to read on; null at the end.' })),
  })

export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50 })),
  cursor: Type.Optional(Type.String({ maxLength: 300 })),
}

export const byId = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64, description: 'id; for tickets also the number' }),
})
export const strict = <T extends Parameters<typeof Type.Object>[0]>(properties: T, options = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })
