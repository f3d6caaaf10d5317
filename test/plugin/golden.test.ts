// The plugin API has a golden file of its own: a line that goes from it is a major change of API_VERSION.
import t from 'tap'
import { golden } from '../support/golden.js'
import { exported, pluginApi } from '../support/plugin-api.js'
import { pluginReference } from '../support/plugin-reference.js'

t.test('the plugin API is the one that was decided', async (t) => {
  for (const [name, declaration] of exported()) t.ok(declaration, `${name} is declared`)
  golden(t, 'test/golden/plugin-api.txt', pluginApi())
})

t.test('docs/plugins-reference.md is what the tokens say', async (t) => {
  golden(t, 'docs/plugins-reference.md', await pluginReference())
})
