// The @example blocks of the plugin API compile: what an author copies from a tooltip must work.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { packageFolder, TSCONFIG } from '../support/package-folder.js'
import { exported } from '../support/plugin-api.js'

const declared = exported()

/** An example leaves the imports out. */
const imports = () => {
  const isType = (text: string) => /^(interface|type)\b/.test(text)
  const all = [...declared].map(([name, { text }]) => `${isType(text) ? 'type ' : ''}${name}`)
  return `import { ${all.join(', ')} } from 'frontdesk/plugin'\nimport Type from 'typebox'\n`
}

const examplesIn = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/\* @example\n \* ```ts\n(.*?)\n \* ```/gs)].map((match) =>
    match[1]!.replace(/^ \* ?/gm, ''),
  )

t.test('every @example compiles', async (t) => {
  const files = new Set([...declared.values()].map(({ file }) => file))
  const examples = [...files].flatMap(examplesIn)
  t.ok(examples.length >= 4, `${examples.length} examples`)
  const folder = packageFolder(t)
  folder.write({
    'package.json': '{ "name": "examples", "type": "module" }',
    'tsconfig.json': TSCONFIG,
    ...Object.fromEntries(examples.map((code, index) => [`example-${index}.ts`, imports() + code])),
  })
  const { code, out } = await folder.tsc('-p', '.', '--pretty', 'false')
  t.equal(code, 0, out)
})
