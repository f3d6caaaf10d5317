// Each query that runs for a ticket is a search in an index, however many timers there are. The indexes are the same on
// both databases; SQLite says of an empty table already how it would go about it.
import { sql } from 'drizzle-orm'
import type { Plugin } from 'frontdesk/plugin'
import { testApp } from 'frontdesk/testing'
import t from 'tap'
import type { App } from '../app.js'
import plugin from '../index.js'
import { queriesOf } from './queries.js'

interface Built {
  toSQL(): { sql: string }
}

t.test('no query reads a whole table', async (t) => {
  let own: App | undefined
  const watched: Plugin = {
    ...plugin,
    setup(app: never) {
      own = app
      return plugin.setup(app)
    },
  }
  const { db } = await testApp(t, { plugins: [watched] })
  await db.transaction(async (tx) => {
    for (const [name, query] of Object.entries(queriesOf(own!))) {
      const prepared = typeof query === 'function' ? query(3) : query
      const { sql: text } = (prepared.build as unknown as (q: unknown) => Built)(tx).toSQL()
      const plan = await tx.rows<{ detail: string }>(
        sql.raw(`explain query plan ${text.replaceAll('?', '1')}`),
      )
      t.ok(plan.length > 0, name)
      t.notOk(/\bSCAN sla_/.test(JSON.stringify(plan)), `${name}: ${JSON.stringify(plan)}`)
    }
  })
})
