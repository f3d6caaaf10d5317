// Service levels, uninstalled after they have worked on tickets: beside tables nothing of them stays in those of the desk.
import { like, or } from 'drizzle-orm'
import t from 'tap'
import { slaDesk } from '../../plugins/sla/test-kit.js'
import { uninstall } from '../../src/plugin/lifecycle.js'
import { eachDatabase } from '../../src/testing/index.js'

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database, settings: { 'sla.digestMinutes': 30 } })
  const { app } = desk
  const { id: agentId } = await app.agent('agent', [app.inbox])
  const { id: calendarId } = await desk.calendar()
  const steps = [{ name: 'missed', at: '0 minutes', actions: [{ do: 'notify', who: { agentId } }] }]
  const targets = [{ metric: 'first_response', within: '2 business hours', steps }]
  await desk.policy({ name: 'All', calendarId, targets })
  await desk.at('03 09:00')
  const id = await desk.mail()
  await desk.at('03 11:01')
  await desk.mail()

  const { jobs, ticketFields, settings, notices, agentMails, plugins, roles } = app.db.t
  const left = async () => ({
    jobs: await app.db
      .select()
      .from(jobs)
      .where(or(like(jobs.name, 'sla.%'), like(jobs.name, '%:sla.%'))),
    fields: await app.db.select().from(ticketFields).where(like(ticketFields.field, 'sla.%')),
    settings: await app.db.select().from(settings).where(like(settings.key, 'sla.%')),
    notices: await app.db.select().from(notices).where(like(notices.plugin, 'sla')),
    mails: await app.db.select().from(agentMails).where(like(agentMails.key, 'sla %')),
    plugins: await app.db.select().from(plugins),
    rights: (await app.db.select().from(roles)).flatMap(({ permissions }) =>
      permissions.filter((one) => one.startsWith('sla:')),
    ),
  })
  await app.db.transaction((tx) =>
    tx
      .insert(tx.t.notices)
      .values({ plugin: 'sla', key: 'feed', level: 'error', text: 'No feed.', createdAt: tx.now }),
  )
  for (const [what, rows] of Object.entries(await left())) t.ok(rows.length > 0, `there are ${what}`)
  await app.plugins.stop()
  await uninstall(app.db, 'sla', [])
  for (const [what, rows] of Object.entries(await left())) t.same(rows, [], `no ${what} are left`)
  t.equal((await desk.ok('GET', `/api/tickets/${id}`)).subject, 'Help', 'tickets stay')
})
