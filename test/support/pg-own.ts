// A PostgreSQL server of the test's own, which it can stop and start: where its programs are installed.
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import type { Test } from 'tap'
import { tempDir } from '../../src/testing/index.js'

/** The folder of initdb and pg_ctl; undefined: not here. */
export function programs(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => path.join(debian, version, 'bin')),
    '/usr/local/bin',
    '/usr/bin',
  ]
  return folders.find((folder) => existsSync(path.join(folder, 'initdb')))
}

export async function ownServer(t: Test) {
  const { dir, remove } = tempDir()
  chmodSync(dir, 0o755)
  const data = path.join(dir, 'cluster')
  const port = await freePort()
  // initdb and the server refuse to run as root.
  const asRoot = process.getuid?.() === 0
  if (asRoot) {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
    chownSync(dir, id('-u'), id('-g'))
  }
  const run = (program: string, ...args: string[]) => {
    const command = [path.join(programs()!, program), ...args]
    const [first, ...rest] = asRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command
    execFileSync(first!, rest, { cwd: dir, stdio: 'ignore' })
  }
  run('initdb', '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync')
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`
  const server = {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start: () => run('pg_ctl', '-D', data, '-o', options, '-l', path.join(dir, 'log'), '-w', 'start'),
    /** As after a crash: nobody is waited for, nothing is written to the end. */
    stop: () => run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop'),
  }
  t.teardown(() => {
    try {
      server.stop()
    } catch {}
    remove()
  })
  server.start()
  return server
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
