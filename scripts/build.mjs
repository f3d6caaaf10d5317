// npm run build: TypeScript -> dist/, then what a start runs -> dist/run/ as one bundle, because loading a thousand
// small modules takes longer than everything else a start does. `--if-stale`: only when a source is newer.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
const stamp = path.join(root, 'dist', '.built')
process.chdir(root)

if (process.argv.includes('--if-stale') && isFresh()) process.exit(0)

const tsc = spawnSync(
  process.execPath,
  [path.join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'],
  {
    stdio: 'inherit',
  },
)
if (tsc.status !== 0) process.exit(tsc.status ?? 1)
copyFiles()
// A plugin that is installed beside us finds `frontdesk/plugin` as it does where we are a package ourselves.
if (!existsSync('node_modules/frontdesk')) symlinkSync('..', 'node_modules/frontdesk', 'dir')
rmSync('dist/run', { recursive: true, force: true })
const { build } = await import('esbuild')
await build({
  entryPoints: {
    main: 'dist/src/cli/main.js',
    worker: 'dist/src/intake/mime/worker.js',
    'watchdog-monitor': 'dist/src/plugin/watchdog-monitor.js',
  },
  outdir: 'dist/run',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  // Native code, and files that a package reads from its own folder, stay where they are.
  // pg asks for pg-native only when it is told to.
  external: [
    'better-sqlite3',
    '@fastify/swagger-ui',
    '@bull-board/api',
    '@bull-board/fastify',
    'prom-client',
    '@electric-sql/pglite',
    'drizzle-kit',
    'pg-native',
  ],
  banner: {
    js: "import { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);",
  },
  logLevel: 'warning',
})
writeFileSync(stamp, '')

/** A plugin names its migrations and panels relative to its compiled module. Of one that is gone nothing may stay. */
function copyFiles() {
  const plugins = readdirSync('plugins')
  for (const old of existsSync('dist/plugins') ? readdirSync('dist/plugins') : [])
    if (!plugins.includes(old)) rmSync(path.join('dist', 'plugins', old), { recursive: true })
  for (const plugin of plugins) {
    const to = path.join('dist', 'plugins', plugin, 'migrations')
    rmSync(to, { recursive: true, force: true })
    const from = path.join('plugins', plugin, 'migrations')
    if (existsSync(from)) cpSync(from, to, { recursive: true })
    const panel = path.join('plugins', plugin, 'panel')
    const filter = (file) => file === panel || file.endsWith('.js')
    if (existsSync(panel)) cpSync(panel, path.join('dist', panel), { recursive: true, filter })
  }
}

function isFresh() {
  if (!existsSync(stamp)) return false
  const built = statSync(stamp).mtimeMs
  const newer = (file) => statSync(file).mtimeMs > built
  const inside = ['src', 'plugins', 'test', 'scripts'].flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((name) => path.join(folder, name)),
  )
  return ![...inside, 'package.json', 'package-lock.json', 'tsconfig.json'].some(newer)
}
