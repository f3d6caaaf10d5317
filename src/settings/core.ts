// The settings of the core.
import Type from 'typebox'
import { defineSetting } from './define.js'

export const deskName = defineSetting(
  'desk.name',
  'Name of the desk, shown to customers as the sender of replies unless the inbox has its own.',
  Type.String({ minLength: 1, maxLength: 100 }),
  'Support',
)
export const noticesFrom = defineSetting(
  'desk.noticesFrom',
  'Address of the inbox in whose name the desk writes to its agents; empty: the oldest inbox.',
  Type.String({ maxLength: 254 }),
  '',
)
export const undoSeconds = defineSetting(
  'replies.undoSeconds',
  'How long a reply waits before it is sent and can be taken back.',
  Type.Integer({ minimum: 0, maximum: 600 }),
  10,
)
export const reopenDays = defineSetting(
  'tickets.reopenDays',
  'An answer to a ticket solved longer ago than this opens a new, linked ticket.',
  Type.Integer({ minimum: 0, maximum: 3650 }),
  30,
)
export const blockedSenders = defineSetting(
  'intake.blockedSenders',
  'Addresses (ann@example.org) or domains (@example.org) whose mail goes to quarantine.',
  Type.Array(Type.String({ minLength: 3, maxLength: 254, pattern: '@' }), { maxItems: 1000 }),
  [],
)
export const contactsPerMail = defineSetting(
  'intake.contactsPerMail',
  'At most so many people of To and Cc become participants of the ticket.',
  Type.Integer({ minimum: 0, maximum: 200 }),
  20,
)
export const openBulk = defineSetting(
  'intake.openBulk',
  'Whether newsletters and list mail open tickets; off: they are kept in quarantine.',
  Type.Boolean(),
  true,
)

export const coreSettings = [
  deskName,
  noticesFrom,
  undoSeconds,
  reopenDays,
  blockedSenders,
  contactsPerMail,
  openBulk,
]
