// A plugin outside of the repository, as its author has it: frontdesk as a package, a generated plugin beside it, its
// own compiler and tests, and a desk that runs it.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { ROOT } from '../../src/app/root.js'
import { NODE, nodeArgs } from '../support/node.js'
import { packageFolder, runNode } from '../support/package-folder.js'

const NAME = 'late-answers'

/** What `npm install` of the packed repository would put there, without the network. */
function installPacked(dir: string): string {
  const npm = { cwd: ROOT, stdio: 'pipe', env: { ...process.env, NODE_OPTIONS: '' } } as const
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', dir], npm)
  const tarball = readdirSync(dir).find((name) => name.endsWith('.tgz'))!
  const installed = path.join(dir, 'node_modules', 'frontdesk')
  mkdirSync(installed)
  execFileSync('tar', ['-xzf', path.join(dir, tarball), '-C', installed, '--strip-components=1'])
  // The cluster that the tests keep: to make one takes seconds.
  mkdirSync(path.join(installed, 'node_modules'))
  symlinkSync(path.join(ROOT, 'node_modules', '.cache'), path.join(installed, 'node_modules', '.cache'))
  return path.join(installed, 'bin', 'frontdesk')
}

t.test(
  'a generated package compiles, passes its tests, and runs in an installed desk',
  { timeout: 90_000 },
  async (t) => {
    const folder = packageFolder(t, { frontdesk: false })
    const bin = installPacked(folder.dir)
    const made = await folder.run(bin, ['plugin', 'new', NAME])
    t.equal(made.code, 0, made.out)
    const own = path.join(folder.dir, NAME)
    const again = await folder.run(bin, ['plugin', 'new', NAME])
    t.equal(again.code, 2)
    t.match(again.out, /exists already; nothing was written/)

    const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    const compiled = await runNode(own, tsc, ['-p', '.'])
    t.equal(compiled.code, 0, compiled.out)
    const unchanged = await runNode(own, bin, ['plugin', 'migration', 'nothing'])
    t.equal(unchanged.out, 'nothing changed\n', 'the migrations are those of its tables')
    const [tested, started] = await Promise.all([
      runNode(own, path.join(own, 'dist', 'index.test.js'), []),
      startDesk(t, bin, own, { FRONTDESK_PLUGINS: NAME, FRONTDESK_DATA: path.join(folder.dir, 'data') }),
    ])
    t.equal(tested.code, 0, tested.out)

    const { items } = (await started.get('/api/plugins')) as { items: { name: string; state: string }[] }
    t.match(items, [{ name: NAME, state: 'on' }])
    t.match(await started.get(`/api/plugins/${NAME}/waiting`), { items: [] })
  },
)

async function startDesk(t: Test, bin: string, cwd: string, more: Record<string, string>) {
  const env = { FRONTDESK_DEMO: 'off', PORT: '0', LOG_LEVEL: 'warn', ...more }
  const admin = ['agent', 'create', 'ada@desk.example', '--name', 'Ada', '--role', 'admin']
  await runNode(cwd, bin, admin, env)
  const token = (await runNode(cwd, bin, ['token', 'create', '--agent', 'ada@desk.example'], env)).out.trim()
  const child = spawn(NODE, nodeArgs(bin, 'start'), { cwd, env: { ...process.env, ...env } })
  t.teardown(
    () => new Promise((resolve) => child.removeAllListeners('exit').on('exit', resolve).kill('SIGTERM')),
  )
  let out = ''
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        out += chunk
        const listens = /listens on (\S+)/.exec(out)
        if (listens) resolve(listens[1]!)
      })
    child.on('exit', (code) => reject(new Error(`the desk ended with ${code}: ${out}`)))
  })
  return {
    async get(at: string): Promise<unknown> {
      const response = await fetch(url + at, { headers: { authorization: `Bearer ${token}` } })
      return response.json()
    },
  }
}
