// The plugin API has a golden file of its own: a line that goes from it is a major change of API_VERSION.
import t from 'tap'
import { golden } from '../support/golden.js'
import { exported, pluginApi } from '../support/plugin-api.js'

t.test('the plugin API is the one that was decided', async (t) => {
  for (const [name, declaration] of exported()) t.ok(declaration, `${name} is declared`)
  golden(t, 'test/golden/plugin-api.txt', pluginApi())
})
