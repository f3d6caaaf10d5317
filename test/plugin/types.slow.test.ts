// The types of the plugin API catch mistakes before a plugin runs. One compiler for all snippets; each must fail on
// exactly the lines that say so, and the control must not.
import t from 'tap'
import { packageFolder, TSCONFIG } from '../support/package-folder.js'
import { RIGHT, WRONG } from '../support/type-cases.js'

const linesThatAreWrong = (code: string) =>
  code.split('\n').flatMap((line, index) => (line.endsWith('// wrong') ? [index + 1] : []))

t.test('what the types of a plugin must refuse', async (t) => {
  const folder = packageFolder(t)
  const cases = Object.entries(WRONG).map(([what, code], index) => ({ what, code, file: `case-${index}.ts` }))
  folder.write({
    'package.json': '{ "name": "types", "type": "module" }',
    'tsconfig.json': TSCONFIG,
    'right.ts': RIGHT,
    ...Object.fromEntries(cases.map(({ file, code }) => [file, code])),
  })
  const { out } = await folder.tsc('-p', '.', '--pretty', 'false')
  const errorsOf = (file: string) =>
    [...out.matchAll(/^(\S+?)\((\d+),\d+\): error (TS\d+: .*)$/gm)]
      .filter((match) => match[1] === file)
      .map((match) => ({ line: Number(match[2]), message: match[3] }))

  t.strictSame(errorsOf('right.ts'), [], 'the control compiles')
  for (const { what, code, file } of cases) {
    const wrong = linesThatAreWrong(code)
    t.ok(wrong.length > 0, `${what}: the snippet says which line`)
    const lines = [...new Set(errorsOf(file).map(({ line }) => line))]
    t.strictSame(lines, wrong, what, { errors: errorsOf(file) })
  }
})
