// The panel as a console gets it: listed, served, and a module that can be imported from a blob.
import t from 'tap'
import { slaDesk } from '../test-kit.js'

t.test('the module of the panel is served, stands alone, and declares the element', async (t) => {
  const desk = await slaDesk(t)
  const { panels } = await desk.ok('GET', '/api/plugins/sla')
  const url = '/api/plugins/sla/panels/sla-timers'
  t.same(panels, [{ slot: 'ticket', title: 'Service levels', element: 'sla-timers', url }])

  const answer = await desk.app.call('GET', url)
  t.equal(answer.status, 200)
  t.match(answer.headers['content-type'], /^text\/javascript\b/)
  const source = String(answer.body)
  t.notMatch(source, /^\s*(import|export)\b|\bimport\s*\(/m, 'nothing that a blob could not load')
  t.notMatch(source, /innerHTML|insertAdjacentHTML|document\.write/, 'data is text')
  t.match(source, /customElements\.define\('sla-timers'/)
})
