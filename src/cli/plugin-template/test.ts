// The test of the new plugin: on both databases, every job twice.
import type { Template } from './index.js'

export const test = ({
  name,
}: Template): string => `// The plugin in the real desk, on both databases, with a clock that stands still.
import { HOUR } from 'frontdesk/plugin'
import { eachDatabase, pluginContract, testApp } from 'frontdesk/testing'
import t from 'tap'
import plugin from './index.js'

const letter = (subject: string) =>
  [
    'From: Ann <ann@guest.example>',
    'To: support@desk.example',
    \`Subject: \${subject}\`,
    \`Message-ID: <\${subject.replaceAll(' ', '.')}@guest.example>\`,
    '',
    'The shower stays cold.',
    '',
  ].join('\\r\\n')

t.test('the contract of plugins', (t) => pluginContract(t, plugin))

eachDatabase(t, async (t, database) => {
  const app = await testApp(t, { plugins: [plugin], settings: { '${name}.hours': 2 }, database })
  const notes = async (id: string | null) =>
    (await app.call('GET', \`/api/tickets/\${id}/messages\`)).body.items.filter(
      ({ direction }: { direction: string }) => direction === 'note',
    ).length
  const ticket = async (id: string | null) => (await app.call('GET', \`/api/tickets/\${id}\`)).body
  const waiting = async () => (await app.call('GET', '/api/plugins/${name}/waiting')).body.items

  const cold = await app.mail(letter('Urgent shower'))
  await app.runJobs({ twice: true })
  t.strictSame((await ticket(cold.ticketId)).tags, ['urgent'], 'the filter has read the subject')
  t.equal((await waiting())[0].ticketId, cold.ticketId)

  app.clock.advance(2 * HOUR)
  await app.runJobs({ twice: true })
  t.equal(await notes(cold.ticketId), 1, 'reminded after two hours, and once')
  t.equal((await ticket(cold.ticketId)).fields['${name}.reminded'], true)

  const answered = await app.mail(letter('Second shower'))
  await app.runJobs()
  await app.call('POST', \`/api/tickets/\${answered.ticketId}/replies\`, { text: 'We are on our way.' })
  await app.runJobs({ twice: true })
  app.clock.advance(2 * HOUR)
  await app.runJobs({ twice: true })
  t.equal(await notes(answered.ticketId), 0, 'an answer calls the reminder off')
  t.equal((await waiting()).length, 1)

  const viewer = await app.agent('viewer')
  const refused = await app.call('GET', '/api/plugins/${name}/waiting', undefined, viewer)
  t.equal(refused.status, 403)
})
`
