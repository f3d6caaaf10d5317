// Commands that are data of a plugin: without a database, without configuration, without being listed; lines that stream.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { tempDir } from '../../src/testing/index.js'
import { NODE, nodeArgs } from '../support/node.js'

const { dir, remove } = tempDir()
t.teardown(remove)
const DATA = path.join(dir, 'data')

/** A package in node_modules of the folder from which it is called. */
function install(name: string, source: string, manifest = {}) {
  const folder = path.join(dir, 'node_modules', name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name, type: 'module', exports: './index.js', ...manifest }),
  )
  writeFileSync(path.join(folder, 'index.js'), source)
}
writeFileSync(path.join(dir, 'package.json'), '{ "name": "hotel" }')

const echo = `async run({ args, values, stdin, say }) {
  let lines = 0
  for await (const line of stdin) { lines++; say((values.loud ? line.toUpperCase() : line) + args.join('')) }
  if (values.count) say(lines + ' lines')
  return lines === 0 ? 3 : undefined
}`
install(
  'tally',
  `export default {
  name: 'tally', version: '1.0.0', api: '^1.0.0',
  commands: [{ name: 'echo', summary: 'Says what it hears.', options: { loud: { type: 'boolean' }, count: { type: 'boolean' } }, ${echo} }],
  setup(app) { app.command({ name: 'heard', summary: 'The same with a desk.', ${echo} }) },
}`,
  { peerDependencies: { frontdesk: '*' } },
)
install('acme-tally', 'export { default } from "tally"')
install('stranger', 'console.log("I ran"); export default {}')

function call(args: string[], more: Record<string, string> = {}) {
  return spawn(NODE, nodeArgs(path.join(ROOT, 'bin', 'frontdesk'), ...args), {
    cwd: dir,
    // No address that a desk could take, so that a command that reads the configuration fails.
    env: { ...process.env, FRONTDESK_DATA: DATA, DATABASE_URL: 'nonsense://', ...more },
  })
}

async function frontdesk(args: string[], input: string, more: Record<string, string> = {}) {
  const child = call(args, more)
  child.stdin.end(input)
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ])
  return { out, err, code }
}

t.test('it runs without a desk, and says lines as it hears them', async (t) => {
  t.same(await frontdesk(['tally', 'echo', '--loud', '--count', '!'], 'one\r\ntwo\n\nthrée'), {
    out: 'ONE!\nTWO!\n!\nTHRÉE!\n4 lines!\n'.replace('lines!', 'lines'),
    err: '',
    code: 0,
  })
  t.match(await frontdesk(['tally', 'echo'], ''), { out: '', code: 3 })
  t.match(await frontdesk(['tally', 'echo', '--what'], ''), { code: 2, err: /usage: frontdesk tally echo/ })
  t.match(await frontdesk(['tally', 'echo', '--help'], ''), { code: 0, out: /Says what it hears/ })
  t.notOk(existsSync(DATA), 'no folder of a desk was made')
})

t.test('help names them, and a wrong name is told those there are', async (t) => {
  t.match(await frontdesk(['help'], ''), { code: 0, out: /frontdesk migrate/ })
  const listed = { DATABASE_URL: '', FRONTDESK_PLUGINS: 'acme-tally' }
  t.match(await frontdesk(['help'], '', listed), { out: /frontdesk tally echo\n {6}Says what it hears/ })
  t.match(await frontdesk(['tally', 'ehco'], '', { DATABASE_URL: '' }), {
    code: 2,
    err: /did you mean tally echo/,
  })
  t.match(await frontdesk(['tally', 'heard'], '', { DATABASE_URL: '' }), {
    code: 2,
    err: /"tally heard" while the plugin "tally" is off \(FRONTDESK_PLUGINS\); did you mean tally echo/,
  })
  t.match(await frontdesk(['acknowledge', 'x'], '', { DATABASE_URL: '' }), { err: /"acknowledge" is off/ })
})

t.test('a plugin that is on has both kinds, and its package may have another name', async (t) => {
  const on = { DATABASE_URL: '', FRONTDESK_PLUGINS: 'acme-tally', FRONTDESK_DEMO: 'off', LOG_LEVEL: 'warn' }
  t.match(await frontdesk(['tally', 'heard'], 'one\ntwo', on), { out: 'one\ntwo\n', code: 0, err: '' })
  t.match(await frontdesk(['tally', 'echo'], 'one', on), { out: 'one\n', code: 0 })
  t.match(await frontdesk(['plugin', 'inspect', 'tally'], '', on), {
    out: /frontdesk tally echo\ncommands +frontdesk tally heard/,
  })
})

t.test('a package that is no plugin does not run because somebody types its name', async (t) => {
  t.match(await frontdesk(['stranger', 'x'], '', { DATABASE_URL: '' }), { out: '', code: 2 })
})

t.test('a hundred thousand lines are in no memory; what comes in waits for what goes out', async (t) => {
  const child = call(['tally', 'echo', '--count'])
  const line = 'x'.repeat(999)
  let written = 0
  const feed = async () => {
    for (; written < 100_000; written++)
      if (!child.stdin.write(`${line}\n`)) await new Promise((resolve) => child.stdin.once('drain', resolve))
    child.stdin.end()
  }
  void feed()
  // Nobody reads what it says: it must stop reading what it hears.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  t.ok(written > 0 && written < 5_000, `${written} lines were taken`)
  let last = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) last = (last + chunk).slice(-20)
  t.match(last, /100000 lines\n$/)
})

t.test('whoever reads no more ends it quietly', async (t) => {
  const child = call(['tally', 'echo'])
  const err = text(child.stderr)
  child.stdin.on('error', () => {})
  child.stdin.write('first\n')
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.stdout.destroy()
  child.stdin.write('second\nthird\n')
  // The input stays open: it ends because nobody reads.
  const code = await new Promise((resolve) => child.on('close', resolve))
  t.equal(code, 0)
  t.equal(await err, '')
})
