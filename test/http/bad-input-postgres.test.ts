// The same on PostgreSQL, which refuses values that SQLite takes: NUL, lone surrogates, years, large numbers.
import t from 'tap'
import { closePglite } from '../../src/testing/index.js'
import { refusesBadInput } from '../support/refusals.js'
import { makeWorld } from '../support/world.js'

t.teardown(closePglite)
t.test('bad input is refused by every route on PostgreSQL', async (t) =>
  refusesBadInput(t, await makeWorld(t, { database: 'postgres' })),
)
