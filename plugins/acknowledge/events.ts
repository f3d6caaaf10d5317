import { defineEvent } from 'frontdesk/plugin'
import Type from 'typebox'

/** Published in the transaction that queues the answer. */
export const sent = defineEvent(
  'acknowledge.sent',
  Type.Object({ ticketId: Type.String(), messageId: Type.String(), language: Type.String() }),
)
