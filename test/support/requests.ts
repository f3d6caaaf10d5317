// One concrete request for every route of the API. A route without an entry here fails the tests that are
// generated from this table: who adds a route says what it is called with and whose things it touches.
import type { Caller, Side, World } from './world.js'

export interface Request {
  path: string
  body?: unknown
  headers?: Record<string, string>
}

export interface Entry {
  /** What it answers when it is allowed. */
  ok: number
  /** `inbox`: bound to the inbox of the side; `desk`: to nothing but the permission. */
  scope: 'inbox' | 'desk'
  /** What it answers about the inbox of others; default 404. A list answers 200 and leaves them out. */
  foreign?: number
  /** Default: an entry of scope `inbox` reaches the other inbox only for those who see all. */
  reaches?: (caller: Caller) => boolean
  request(side: Side, caller: Caller, world: World): Request
}

type Make = Entry['request']

const inbox = (ok: number, request: Make, more: Partial<Entry> = {}): Entry => ({
  ok,
  scope: 'inbox',
  request,
  ...more,
})
const desk = (ok: number, request: Make): Entry => ({ ok, scope: 'desk', request })
const list = (request: Make) => inbox(200, request, { foreign: 200 })

const manages = (caller: Caller) => caller.permissions.has('desk:manage')
const nobodyElses = () => false
/** The caller's own thing, or on the other side that of somebody else. */
const ownOrElse = (kind: 'spare' | 'upload', side: Side, caller: Caller, world: World) =>
  side.name === 'alpha' ? caller[kind] : world.callers.find((one) => one !== caller && !one.all)![kind]

export const requests: Record<string, Entry> = {
  'GET /api/openapi.json': desk(200, () => ({ path: '/api/openapi.json' })),
  'GET /api/health/live': desk(200, () => ({ path: '/api/health/live' })),
  'GET /api/health/ready': desk(200, () => ({ path: '/api/health/ready' })),
  'GET /metrics': desk(200, () => ({ path: '/metrics' })),

  'POST /api/session': desk(201, (_s, _c, { login: { email, password } }) => ({
    path: '/api/session',
    body: { email, password },
  })),
  'DELETE /api/session': desk(204, () => ({ path: '/api/session' })),
  'GET /api/me': desk(200, () => ({ path: '/api/me' })),
  'GET /api/tokens': desk(200, () => ({ path: '/api/tokens' })),
  'POST /api/tokens': inbox(
    201,
    (side, caller, { login }) => ({
      path: '/api/tokens',
      body: { name: 'script', agentId: side.name === 'alpha' ? caller.agentId : login.id },
    }),
    { foreign: 403, reaches: manages },
  ),
  'DELETE /api/tokens/:id': inbox(
    204,
    (side, caller, world) => ({ path: `/api/tokens/${ownOrElse('spare', side, caller, world)}` }),
    { reaches: manages },
  ),

  'GET /api/tickets': list((s) => ({ path: `/api/tickets?inboxId=${s.inbox.id}` })),
  'POST /api/tickets': inbox(
    201,
    (s) => ({
      path: '/api/tickets',
      body: {
        subject: 'A walk-in',
        inboxId: s.inbox.id,
        requester: { name: 'Zoe', address: 'zoe@new.example' },
      },
    }),
    { foreign: 422 },
  ),
  'GET /api/tickets/:id': inbox(200, (s) => ({ path: `/api/tickets/${s.ticket}` })),
  'PATCH /api/tickets/:id': inbox(200, (s) => ({
    path: `/api/tickets/${s.ticket}`,
    body: { version: s.version, priority: 'high' },
  })),
  'POST /api/tickets/:id/solve': inbox(200, (s) => ({ path: `/api/tickets/${s.number}/solve` })),
  'POST /api/tickets/:id/reopen': inbox(200, (s) => ({ path: `/api/tickets/${s.second}/reopen` })),
  'POST /api/tickets/:id/assign': inbox(200, (s, caller) => ({
    path: `/api/tickets/${s.ticket}/assign`,
    body: { assigneeId: caller.agentId },
  })),
  'PUT /api/tickets/:id/tags': inbox(200, (s) => ({
    path: `/api/tickets/${s.ticket}/tags`,
    body: { tags: ['x'] },
  })),
  'POST /api/tickets/:id/merge': inbox(200, (s) => ({
    path: `/api/tickets/${s.ticket}/merge`,
    body: { into: s.second },
  })),
  'GET /api/tickets/:id/timeline': inbox(200, (s) => ({ path: `/api/tickets/${s.ticket}/timeline` })),
  'GET /api/tickets/:id/messages': inbox(200, (s) => ({ path: `/api/tickets/${s.ticket}/messages` })),
  'POST /api/tickets/:id/replies': inbox(201, (s) => ({
    path: `/api/tickets/${s.ticket}/replies`,
    body: { text: 'Coming.' },
  })),
  'POST /api/tickets/:id/notes': inbox(201, (s) => ({
    path: `/api/tickets/${s.ticket}/notes`,
    body: { text: 'Hm.' },
  })),
  'POST /api/tickets/:id/calls': inbox(201, (s) => ({
    path: `/api/tickets/${s.ticket}/calls`,
    body: { direction: 'in', answered: true, seconds: 95, text: 'The shower again.' },
  })),

  'GET /api/live': desk(200, (s) => ({ path: `/api/live?inboxId=${s.inbox.id}` })),
  'POST /api/live/tickets': desk(201, () => ({ path: '/api/live/tickets' })),

  'GET /api/messages/:id': inbox(200, (s) => ({ path: `/api/messages/${s.note}` })),
  'POST /api/messages/:id/cancel': inbox(200, (s) => ({ path: `/api/messages/${s.waiting}/cancel` })),
  'POST /api/messages/:id/retry': inbox(200, (s) => ({ path: `/api/messages/${s.failed}/retry` })),
  'POST /api/messages/:id/move': inbox(200, (s) => ({
    path: `/api/messages/${s.message}/move`,
    body: { to: s.second },
  })),
  'POST /api/attachments': desk(201, () => ({
    path: '/api/attachments?filename=plan.txt&contentType=text/plain',
    body: Buffer.from('north'),
  })),
  'GET /api/attachments/:id': inbox(200, (s) => ({ path: `/api/attachments/${s.attachment}` })),
  'DELETE /api/attachments/:id': inbox(
    204,
    (side, caller, world) => ({ path: `/api/attachments/${ownOrElse('upload', side, caller, world)}` }),
    { reaches: nobodyElses },
  ),

  'GET /api/contacts': list((s) => ({ path: `/api/contacts?email=one@${s.name}.example` })),
  'POST /api/contacts': desk(201, () => ({
    path: '/api/contacts',
    body: { name: 'Yan', identities: [{ kind: 'phone', value: '+49123456' }] },
  })),
  'GET /api/contacts/:id': inbox(200, (s) => ({ path: `/api/contacts/${s.contact}` })),
  'PATCH /api/contacts/:id': inbox(200, (s) => ({
    path: `/api/contacts/${s.contact}`,
    body: { version: 1, notes: 'likes quiet rooms' },
  })),
  'GET /api/contacts/:id/tickets': inbox(200, (s) => ({ path: `/api/contacts/${s.contact}/tickets` })),

  'GET /api/inboxes': list(() => ({ path: '/api/inboxes' })),
  'POST /api/inboxes': desk(201, () => ({ path: '/api/inboxes', body: { address: 'third@desk.example' } })),
  'GET /api/inboxes/:id': inbox(200, (s) => ({ path: `/api/inboxes/${s.inbox.id}` })),
  'PATCH /api/inboxes/:id': inbox(200, (s) => ({
    path: `/api/inboxes/${s.inbox.id}`,
    body: { name: 'Renamed' },
  })),
  'GET /api/teams': desk(200, () => ({ path: '/api/teams' })),
  'POST /api/teams': desk(201, () => ({ path: '/api/teams', body: { name: 'day shift' } })),
  'PATCH /api/teams/:id': desk(200, (_s, _c, { team }) => ({
    path: `/api/teams/${team}`,
    body: { name: 'late shift' },
  })),
  'GET /api/agents': desk(200, () => ({ path: '/api/agents' })),
  'POST /api/agents': desk(201, (_s, _c, { role }) => ({
    path: '/api/agents',
    body: { name: 'Kim', email: 'kim@desk.example', roleId: role },
  })),
  'PATCH /api/agents/:id': desk(200, (_s, _c, { login }) => ({
    path: `/api/agents/${login.id}`,
    body: { name: 'Lu' },
  })),
  'GET /api/roles': desk(200, () => ({ path: '/api/roles' })),
  'GET /api/permissions': desk(200, () => ({ path: '/api/permissions' })),
  'POST /api/roles': desk(201, () => ({
    path: '/api/roles',
    body: { name: 'guest', permissions: ['tickets:read'], allInboxes: false },
  })),
  'PATCH /api/roles/:id': desk(200, (_s, _c, { role }) => ({
    path: `/api/roles/${role}`,
    body: { name: 'idler' },
  })),
  'GET /api/settings': desk(200, () => ({ path: '/api/settings' })),
  'PATCH /api/settings': desk(200, () => ({ path: '/api/settings', body: { 'replies.undoSeconds': 20 } })),

  'GET /api/intakes': list(() => ({ path: '/api/intakes' })),
  'GET /api/intakes/:id': inbox(200, (s) => ({ path: `/api/intakes/${s.intake}` })),
  'GET /api/intakes/:id/raw': inbox(200, (s) => ({ path: `/api/intakes/${s.intake}/raw` })),
  'POST /api/intakes/:id/replay': inbox(200, (s) => ({
    path: `/api/intakes/${s.quarantined}/replay`,
    body: {},
  })),
  'GET /api/suppressions': desk(200, () => ({ path: '/api/suppressions' })),
  'DELETE /api/suppressions/:address': desk(204, (_s, _c, { suppressed }) => ({
    path: `/api/suppressions/${suppressed}`,
  })),
  'GET /api/jobs': desk(200, () => ({ path: '/api/jobs' })),
  'POST /api/jobs/:id/retry': desk(200, (_s, _c, { deadJob }) => ({ path: `/api/jobs/${deadJob}/retry` })),
  'GET /api/plugins': desk(200, () => ({ path: '/api/plugins' })),
  'GET /api/plugins/:name': desk(200, () => ({ path: '/api/plugins/probe' })),
  'DELETE /api/plugins/:name': desk(204, () => ({ path: '/api/plugins/gone' })),
  'GET /api/plugins/:name/doctor': desk(200, () => ({ path: '/api/plugins/probe/doctor' })),
  'POST /api/plugins/:name/handlers/on': desk(204, () => ({
    path: '/api/plugins/probe/handlers/on',
    body: { handler: 'filter createTicket/nothing' },
  })),
  'GET /api/plugins/:name/panels/:element': desk(200, () => ({
    path: '/api/plugins/probe/panels/probe-panel',
  })),
  'GET /api/notices': desk(200, () => ({ path: '/api/notices' })),
  'GET /api/fields': desk(200, () => ({ path: '/api/fields' })),
  'PATCH /api/tickets/:id/fields': inbox(200, ({ ticket }) => ({
    path: `/api/tickets/${ticket}/fields`,
    body: { 'probe.room': '12' },
  })),
  'GET /api/workflows': desk(200, () => ({ path: '/api/workflows' })),
  'POST /api/tickets/:id/stages': inbox(200, ({ ticket }) => ({
    path: `/api/tickets/${ticket}/stages`,
    body: { workflow: 'probe.stay' },
  })),
}

/** `GET /api/x` of every route that the application has. */
export const routesOf = ({ app }: World) =>
  app.http.routes.map(({ method, url, permission }) => ({
    name: `${method} ${url}`,
    method,
    url,
    permission,
  }))
