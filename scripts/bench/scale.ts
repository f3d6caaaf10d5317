// More processes on one PostgreSQL: requests of one and two web processes, jobs of one, two and four workers, with Redis
// and without, and the CPU of each part. `node dist/scripts/bench/scale.js [rounds] [jobs]`; BENCH_POSTGRES and
// BENCH_REDIS name servers, else it starts its own. Linux only: it reads /proc. BENCH_ONLY=web or jobs: one half.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { ROOT } from '../../src/app/root.js'
import { contactByEmail } from '../../src/people/contacts.js'
import { createSchema } from '../../src/testing/databases.js'
import { createTicket } from '../../src/tickets/create.js'
import { endLater, headline, load, makeDesk, openDesk, withFolder } from './common.js'
import { cpuDuring, type Run, tell } from './cpu.js'
import { startPostgres } from './postgres.js'
import { measureJobs, work } from './scale-jobs.js'

const { BENCH_ONLY } = process.env
const TICKETS = 1_000
const CLIENTS = 32
const SECONDS = 4

async function measure(rounds: number, jobs: number) {
  await withFolder(async (dir) => {
    const server = await startPostgres()
    headline(`One PostgreSQL, ${rounds} rounds, the variants take turns`)
    if (BENCH_ONLY !== 'jobs') await measureWeb(path.join(dir, 'web'), server, rounds)
    if (BENCH_ONLY !== 'web') await measureJobs(dir, server, rounds, jobs)
    headline('at the end')
    await server.stop()
  })
}

interface Web {
  process: ChildProcess
  url: string
}

async function measureWeb(dir: string, server: { url: string; pid: number }, rounds: number) {
  const schema = await createSchema(server.url)
  const env = { DATABASE_URL: schema.url }
  const { token, inboxId } = await makeDesk(dir, env)
  await seed(dir, env, inboxId)
  const webs = [await startWeb(dir, env), await startWeb(dir, env)]
  const parts = new Map([
    ...webs.map((web, at) => [`web ${at + 1}`, web.process.pid!] as const),
    ['postgres', server.pid] as const,
    ['load generator', process.pid] as const,
  ])
  const requests = {
    'GET /api/tickets': { method: 'GET', paths: ['/api/tickets'] },
    'POST replies': {
      method: 'POST',
      paths: Array.from({ length: TICKETS }, (_, index) => `/api/tickets/${index + 1}/replies`),
      body: JSON.stringify({ text: 'Thank you. Somebody will come to you this evening.\n\nYour desk' }),
    },
  } as const
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const runs = new Map<string, Run[]>()
  for (let round = -1; round < rounds; round++)
    for (const [name, request] of Object.entries(requests))
      for (const count of [1, 2]) {
        const { result: rates, cpu } = await cpuDuring(parts, () =>
          Promise.all(
            webs.slice(0, count).map(({ url }) =>
              load({
                ...{ url, headers, ...request, paths: [...request.paths] },
                ...{ connections: CLIENTS / count, seconds: round < 0 ? 2 : SECONDS },
              }),
            ),
          ),
        )
        const rate = rates.reduce((sum, one) => sum + one.rate, 0)
        const p99 = Math.max(...rates.map((one) => one.p99))
        const key = `${name}, ${count} web`
        if (round >= 0) runs.set(key, [...(runs.get(key) ?? []), { rate, p99, cpu, seconds: SECONDS }])
      }
  for (const [name, all] of runs) tell(name, all)
  for (const web of webs) {
    web.process.kill()
    await once(web.process, 'exit')
  }
  await schema.drop()
}

async function seed(dir: string, env: Record<string, string>, inboxId: string) {
  const { db, desk, settings, stop } = await openDesk(dir, 'web', env)
  await db.transaction(async (tx) => {
    // No delivery falls due within the run; the job rows are written all the same.
    await settings.set(tx, 'replies.undoSeconds', 600, null)
    for (let index = 0; index < TICKETS; index++) {
      const requester = await contactByEmail(tx, `Guest ${index}`, `guest${index}@customer.example`)
      const actor = { kind: 'contact', id: requester.id } as const
      const ticket = { subject: `The shower of room ${index} is cold`, inboxId, channel: 'email' }
      await createTicket(tx, desk, actor, { ...ticket, requesterId: requester.id })
    }
  })
  await stop()
}

/** The real command in a process of its own. */
async function startWeb(dir: string, more: Record<string, string>): Promise<Web> {
  const env = { PATH: process.env.PATH, FRONTDESK_DATA: dir, ROLES: 'web', PORT: '0', LOG_LEVEL: 'warn' }
  const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'frontdesk'), 'serve'], {
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endLater(child)
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      const found = /listens on (\S+)/.exec(output)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', () => reject(new Error('a web process ended at its start')))
  })
  return { process: child, url }
}

const [role, ...rest] = process.argv.slice(2)
if (role === 'worker') await work(rest)
else await measure(Number(role ?? 3), Number(rest[0] ?? 6_000))
