// frontdesk/plugin: everything a plugin may import from frontdesk, besides its tests. The version of this surface is
// API_VERSION; a line that goes from its golden file is a major change.
export type {
  Channel,
  Outcome,
  Outgoing,
  OutgoingAttachment,
} from '../channels/channel.js'
export { defineChannel } from '../channels/channel.js'
export { after, type Clock, DAY, HOUR, MINUTE, newId, SECOND } from '../clock.js'
export { batches, paramsOf } from '../db/batches.js'
export type { Kit } from '../db/kit.js'
export type { Automatic, Delivery, Direction, Mailbox, Priority, Status } from '../db/tables/tickets.js'
export { type Prepared, preparedBySize } from '../db/types.js'
export { DeskError, type ErrorCode, fail } from '../errors.js'
export { Rejection } from '../hooks/hooks.js'
export { definePluginEvent as defineEvent, type Event, type Filter } from '../hooks/tokens.js'
export { type IntakeContext, receiveMessage, type Verdict } from '../intake/tokens.js'
export { exponential, type JobRun } from '../jobs/types.js'
export { type Permission, permissions } from '../people/permissions.js'
export type { FieldDefinition } from '../tickets/fields.js'
export type { InboxView } from '../tickets/inboxes.js'
export {
  type CallDirection,
  type Change,
  callLogged,
  createTicketFilter as createTicket,
  messageCancelled,
  messageFailed,
  messageMoved,
  messageQueued,
  messageReceived,
  messageSent,
  type NewTicket,
  noteAdded,
  type OutgoingDraft,
  sendMessageFilter as sendMessage,
  stageChanged,
  ticketCreated,
  ticketMerged,
  ticketUpdated,
} from '../tickets/tokens.js'
export { defineWorkflow, type Workflow } from '../tickets/workflow.js'
export { isAllowedAddress } from './addresses.js'
export type {
  EventOptions,
  EveryOptions,
  Field,
  FieldValues,
  FilterOptions,
  Frozen,
  HandlerOptions,
  Job,
  JobOptions,
  Log,
  Notice,
  PluginApp,
  PluginDb,
  PluginReader,
  PluginTx,
  Stages,
} from './app.js'
export { preparedQuery as prepared } from './app.js'
export type { Command, CommandInput } from './command.js'
export { pinnedLookup, type Resolve, resolveLocal, resolvePublic, untilAborted } from './connect.js'
export { connectionErrorInWords } from './connect-errors.js'
export {
  API_VERSION,
  definePlugin,
  type Panel,
  type Plugin,
  type PluginDefinition,
  type PluginTables,
} from './define.js'
export type {
  AgentMailInput,
  AgentView,
  CallInput,
  ContactView,
  FieldView,
  MessageView,
  NewTicketInput,
  OutgoingInput,
  PluginDesk,
  TeamView,
  TicketChangesInput,
  TicketView,
  TimelineEntry,
} from './desk.js'
export type { Caller, PluginCall, PluginRoute } from './route.js'
export { defineService, type Service } from './service.js'
