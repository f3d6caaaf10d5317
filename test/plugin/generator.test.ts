// What the generator refuses, and that what it writes into this repository passes its linter.
import { cpSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { pluginFiles } from '../../src/cli/plugin-template/index.js'
import { problemOfName } from '../../src/cli/plugin-template/name.js'
import { tempDir } from '../../src/testing/index.js'
import { runNode, writeFiles } from '../support/package-folder.js'

t.test('a name that cannot be one is refused, with the reason', async (t) => {
  for (const name of ['rooms', 'late-answers', 'a1']) t.equal(problemOfName(name), undefined, name)
  for (const name of ['', 'a', 'Rooms', '1a', '../x', 'a b', 'a_b', 'x'.repeat(41)])
    t.match(problemOfName(name), /cannot be the name/, name)
  for (const name of ['core', 'desk', 'tickets', 'plugin']) t.match(problemOfName(name), /belongs/, name)
})

t.test('a plugin inside of the repository is written as the linter wants it', async (t) => {
  const { dir, remove } = tempDir()
  t.teardown(remove)
  cpSync(path.join(ROOT, 'biome.json'), path.join(dir, 'biome.json'))
  cpSync(path.join(ROOT, '.gitignore'), path.join(dir, '.gitignore'))
  writeFiles(path.join(dir, 'plugins', 'rooms'), pluginFiles({ name: 'rooms', inside: true, versions: {} }))
  const biome = path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  const { code, out } = await runNode(dir, biome, ['check', '--error-on-warnings', 'plugins'])
  t.equal(code, 0, out)
})
