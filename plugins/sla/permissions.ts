export const permissions = {
  read: 'See calendars, policies and the timers of the tickets one can see',
  manage: 'Change calendars and policies',
  report: 'See reports over all tickets',
} as const
