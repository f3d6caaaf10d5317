// The permissions of the core, and the roles every desk starts with.
export interface Permission {
  readonly name: string
  readonly description: string
}

export const definePermission = (name: string, description: string): Permission => ({ name, description })

export const permissions = {
  ticketsRead: definePermission('tickets:read', 'See tickets, messages and attachments of the own inboxes'),
  ticketsWrite: definePermission('tickets:write', 'Create and change tickets, add notes'),
  ticketsReply: definePermission('tickets:reply', 'Send replies to customers'),
  contactsRead: definePermission('contacts:read', 'See contacts'),
  contactsWrite: definePermission('contacts:write', 'Create and change contacts'),
  deskRead: definePermission('desk:read', 'See inboxes, teams, agents and roles'),
  deskManage: definePermission('desk:manage', 'Create and change inboxes, teams, agents, roles and tokens'),
  settingsManage: definePermission('settings:manage', 'See and change settings'),
  intakesRead: definePermission('intakes:read', 'See intakes with their traces and raw messages'),
  intakesManage: definePermission('intakes:manage', 'Replay intakes, lift suppressions'),
  operationsRead: definePermission('operations:read', 'See jobs, plugins and health details'),
  operationsManage: definePermission('operations:manage', 'Retry dead jobs'),
} as const

const all = Object.values(permissions).map(({ name }) => name)

export const defaultRoles = [
  { name: 'admin', permissions: all, allInboxes: true },
  {
    name: 'agent',
    permissions: [
      'tickets:read',
      'tickets:write',
      'tickets:reply',
      'contacts:read',
      'contacts:write',
      'desk:read',
    ],
    allInboxes: false,
  },
  { name: 'viewer', permissions: ['tickets:read', 'contacts:read', 'desk:read'], allInboxes: false },
]
