// Who wants which payload is asked when the event is published: the others have no row in the ledger.
import { eq } from 'drizzle-orm'
import t from 'tap'
import Type from 'typebox'
import { definePlugin, ticketUpdated } from '../../src/plugin/index.js'
import { eachDatabase, testApp } from '../../src/testing/index.js'
import { handler, mail } from '../support/bad-plugin.js'

const picky = (seen: string[], asked: string[]) =>
  definePlugin({
    name: 'bad',
    version: '1.0.0',
    api: '^1.1.0',
    fields: { note: { schema: Type.String(), description: 'A note' } },
    setup(app) {
      const told = (who: string) => async () => void seen.push(who)
      app.on(ticketUpdated, 'foreign', told('foreign'), {
        when({ changes }) {
          asked.push(Object.keys(changes).join())
          return Object.keys(changes).some((key) => !key.startsWith('bad.'))
        },
      })
      app.on(ticketUpdated, 'all', told('all'))
      app.on(ticketUpdated, 'broken', told('broken'), {
        when() {
          throw new Error('no idea')
        },
      })
      app.onEvery('every', async (event) => void seen.push(`every ${event}`), {
        when: (event) => event === 'ticketUpdated',
      })
      // Only what is truly false keeps it out: a promise is asked too late.
      app.on(ticketUpdated, 'late', told('late'), { when: (async () => false) as never })
      app.route({
        ...{ method: 'POST', url: '/:ticketId', permission: 'any', summary: 'Write a note' },
        params: Type.Object({ ticketId: Type.String() }),
        response: { 204: null },
        handler: ({ params, write }) => write((tx) => app.fields.note.set(tx, params.ticketId, 'hello')),
      })
    },
  })

eachDatabase(t, async (t, database) => {
  const seen: string[] = []
  const asked: string[] = []
  const app = await testApp(t, { database, plugins: [picky(seen, asked)] })
  const { ticketId } = await app.mail(mail(1))
  await app.runJobs()
  seen.length = 0
  const rows = async () =>
    (await app.db.select().from(app.db.t.jobs).where(eq(app.db.t.jobs.state, 'waiting')))
      .map(({ name }) => name)
      .filter((name) => name.startsWith('ticketUpdated:'))
      .sort()

  await app.call('POST', `/api/plugins/bad/${ticketId}`)
  t.same(
    await rows(),
    ['all', 'broken', 'every', 'late'].map((name) => `ticketUpdated:bad.${name}`),
    'no row for who does not want it',
  )
  t.same(asked, ['bad.note'])
  t.match(await handler(app, 'on ticketUpdated/broken'), { failures: 1, lastError: /`when`.*no idea/ })
  await app.runJobs()
  t.same(seen.sort(), ['all', 'broken', 'every ticketUpdated', 'late'])

  const { version } = (await app.call('GET', `/api/tickets/${ticketId}`)).body
  await app.call('PATCH', `/api/tickets/${ticketId}`, { version, priority: 'high' })
  t.equal((await rows()).length, 5, 'a change by others is for all')
  const before = asked.length
  await app.runJobs({ twice: true })
  t.equal(asked.length, before, 'what is in the ledger is not asked again')
})
