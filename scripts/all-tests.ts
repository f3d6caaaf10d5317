// All test files, a process each: `npm test` gives this one file to the runner, which starts it with `fast`, `slow` or
// `servers`. Were it given them all, each would get the loader that finds out what coverage is of: it doubles the time
// that a file takes to load, and nobody asks for coverage. Without source maps for the same reason: where one fails,
// `node --enable-source-maps dist/test/….test.js` names the lines of the source.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')
/** Which of the fast files asked for the address of a server, one name each: `testServer`, `testRedis`. */
const asked = path.join(root, 'node_modules', '.cache', 'frontdesk-asked-for-servers')
const LIMIT_S = 120

const sourceOf = (file: string) => path.join(root, path.relative('dist', file).replace(/\.js$/, '.ts'))
const files = ['test', 'plugins']
  .flatMap((folder) =>
    readdirSync(path.join(root, 'dist', folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join('dist', folder, name),
    ),
  )
  // The compiler leaves what it made of a file that has been renamed since.
  .filter((file) => file.endsWith('.test.js') && existsSync(sourceOf(file)))
const isSlow = (file: string) => file.endsWith('.slow.test.js')
const markOf = (file: string) => file.replaceAll(path.sep, '+')

/** The others would do the same again: without a server they never asked for one. No list, or an old one: all. */
function needServers(): string[] {
  const fast = files.filter((file) => !isSlow(file))
  try {
    const built = statSync(path.join(root, 'dist', '.built')).mtimeMs
    if (statSync(path.join(asked, 'whole')).mtimeMs < built) return fast
    const names = new Set(readdirSync(asked))
    return fast.filter((file) => names.has(markOf(file)))
  } catch {
    return fast
  }
}

const lists: Record<string, () => string[]> = {
  fast: () => files.filter((file) => !isSlow(file)),
  slow: () => files.filter(isSlow),
  servers: needServers,
}
const which = process.argv[2] ?? 'fast'
// What is long comes first, or the end would be one long file and an idle processor.
const list = lists[which]!().toSorted((a, b) => size(b) - size(a))

function size(file: string): number {
  return readFileSync(path.join(root, file)).length
}

if (which === 'fast') {
  rmSync(asked, { recursive: true, force: true })
  mkdirSync(asked, { recursive: true })
}
t.setTimeout(60 * 60 * 1000)
// Some wait more than they compute: one more than there are processors. Slow ones end processes and watch clocks: for
// those a crowded machine is a harm of its own.
t.jobs = availableParallelism() + (which === 'slow' ? 0 : 1)
const { NODE_OPTIONS: _loader, ...env } = process.env
for (const file of list)
  void t.spawn(
    process.execPath,
    [file],
    {
      cwd: root,
      env: {
        ...env,
        TAP_TIMEOUT: String(LIMIT_S),
        ...(which === 'fast' && { FRONTDESK_TEST_ASKED: path.join(asked, markOf(file)) }),
      },
      buffered: true,
      timeout: LIMIT_S * 1000,
    },
    file,
  )
if (which === 'fast') t.teardown(() => writeFileSync(path.join(asked, 'whole'), ''))
