// All tables of the core.
import type { Kit } from '../kit.js'
import { intakeTables } from './intake.js'
import { peopleTables } from './people.js'
import { systemTables } from './system.js'
import { ticketTables } from './tickets.js'

export const coreTables = (c: Kit) => ({
  ...peopleTables(c),
  ...intakeTables(c),
  ...ticketTables(c),
  ...systemTables(c),
})

export type Tables = ReturnType<typeof coreTables>
