// A calendar is deleted while a policy takes it: one of the two is refused, whoever comes first.
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { slaDesk } from '../test-kit.js'

const API = '/api/plugins/sla'
const ROUNDS = 12

eachDatabase(t, async (t, database) => {
  const { app, calendar } = await slaDesk(t, { database })
  const targets = [{ metric: 'first_response', within: '1 hour' }]
  const seen = new Set<string>()
  for (let n = 0; n < ROUNDS; n++) {
    const { id: calendarId } = await calendar(undefined, `calendar ${n}`)
    const both = [
      () => app.call('POST', `${API}/policies`, { name: `policy ${n}`, calendarId, targets }),
      () => app.call('DELETE', `${API}/calendars/${calendarId}`),
    ]
    if (n % 2) both.reverse()
    const answers = await Promise.all(both.map((call) => call()))
    if (n % 2) answers.reverse()
    seen.add(answers.map(({ status }) => status).join())
  }
  for (const one of seen) t.ok(['201,409', '400,204'].includes(one), one)
})
