// The tutorial of docs/plugins.md is run: what it shows is a plugin that compiles and passes its own test.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { filesIn } from '../support/blocks.js'
import { packageFolder } from '../support/package-folder.js'

const markdown = readFileSync(path.join(ROOT, 'docs', 'plugins.md'), 'utf8')
const files = filesIn(markdown)
const filesUnder = (start: string) =>
  Object.fromEntries(Object.entries(files).filter(([name]) => name.startsWith(start)))

const tsconfig = (folder: string) => ({
  compilerOptions: {
    ...{ target: 'es2023', lib: ['es2024'], module: 'nodenext', strict: true, skipLibCheck: true },
    ...{ exactOptionalPropertyTypes: true, verbatimModuleSyntax: true, types: ['node'] },
    ...{ rootDir: folder, outDir: 'dist' },
  },
  include: [folder],
})

t.test('the tutorial is a plugin whose test passes', { timeout: 90_000 }, async (t) => {
  const folder = packageFolder(t)
  folder.write({
    'package.json': '{ "name": "rooms", "type": "module" }',
    'tsconfig.json': JSON.stringify(tsconfig('src')),
    ...filesUnder('src/'),
    ...filesUnder('migrations/'),
  })
  const compiled = await folder.tsc('-p', '.')
  t.equal(compiled.code, 0, compiled.out)
  const snapshots = await folder.run(path.join(ROOT, 'bin', 'frontdesk'), ['plugin', 'migration', 'again'])
  t.equal(snapshots.code, 0, snapshots.out)
  for (const dialect of ['sqlite', 'postgres']) {
    const at = (name: string) =>
      readFileSync(path.join(folder.dir, 'migrations', dialect, name), 'utf8').replace(/\s+/g, ' ')
    t.equal(at('0001_reports.sql').trim(), at('0002_again.sql').trim(), `${dialect}: the SQL is what is made`)
  }
  folder.remove('migrations/sqlite/0002_again.sql', 'migrations/postgres/0002_again.sql')
  const tested = await folder.run(path.join(folder.dir, 'dist', 'index.test.js'), [])
  t.equal(tested.code, 0, tested.out)
})

t.test('the recipes compile', async (t) => {
  const folder = packageFolder(t)
  folder.write({
    'package.json': '{ "name": "recipes", "type": "module" }',
    'tsconfig.json': JSON.stringify(tsconfig('recipes')),
    ...filesUnder('recipes/'),
  })
  const compiled = await folder.tsc('-p', '.')
  t.equal(compiled.code, 0, compiled.out)
})

t.test('links of the document lead somewhere', async (t) => {
  const here = readdirSync(path.join(ROOT, 'docs'), { recursive: true }).map(String)
  const anchors = [...markdown.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const [, target] of markdown.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (target!.startsWith('#')) t.ok(anchors.includes(target!.slice(1)), `${target}`)
    else if (!/^https?:|^\.\./.test(target!)) t.ok(here.includes(target!), `${target}`)
  }
})
