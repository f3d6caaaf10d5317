// The board itself, in a Fastify of its own that listens nowhere: its engine of views, its error handler and its routes
// do not touch the API. Only GET reaches it.
import type { BaseAdapter } from '@bull-board/api/baseAdapter'
import Fastify from 'fastify'
import type { HttpDeps } from '../context.js'
import { ledgerQueues } from './ledger-queue.js'
import { masked } from './masked.js'

export interface BoardAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

export interface Board {
  get(url: string): Promise<BoardAnswer>
  close(): Promise<void>
}

const PREFIX = '/dashboard'

/** With a token in the address (`http://me:fd_…@desk/dashboard`) no script may fetch, and the page would stay at "Loading". */
const CLEAN_ADDRESS = `const here = new URL(document.URL)
if (here.username || here.password) {
  here.username = here.password = ''
  location.replace(here)
}
`
const CLEAN_ADDRESS_URL = `${PREFIX}/clean-address.js`

export async function createBoard({ db, clock, jobKinds, dashboardQueues }: HttpDeps): Promise<Board> {
  const { createBullBoard } = await import('@bull-board/api')
  const { FastifyAdapter } = await import('@bull-board/fastify')
  const serverAdapter = new FastifyAdapter()
  serverAdapter.setBasePath(PREFIX)
  const queues: BaseAdapter[] = ledgerQueues({ db, clock }, jobKinds())
  const real = dashboardQueues?.() ?? []
  if (real.length > 0) {
    const { BullMQAdapter } = await import('@bull-board/api/bullMQAdapter')
    for (const queue of real) {
      queues.push(masked(new BullMQAdapter(queue as never, { readOnlyMode: true, prefix: 'redis: ' })))
    }
  }
  createBullBoard({
    queues,
    // Two versions of the types meet here: the adapter has a copy of the API of its own.
    serverAdapter,
    options: {
      // Of Redis itself /api/health/ready tells; its logo brings a style of its own, which the policy forbids.
      uiConfig: { boardTitle: 'frontdesk', hideRedisDetails: true },
    },
  })
  const app = Fastify({ logger: false })
  await app.register(serverAdapter.registerPlugin() as never, { prefix: PREFIX } as never)
  await app.ready()
  return {
    async get(url) {
      if (url === CLEAN_ADDRESS_URL)
        return {
          ...{ status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' } },
          body: Buffer.from(CLEAN_ADDRESS),
        }
      const answer = await app.inject({ method: 'GET', url })
      const type = String(answer.headers['content-type'] ?? 'application/octet-stream')
      const body = type.startsWith('text/html') ? Buffer.from(ownPage(answer.body)) : answer.rawPayload
      const location = answer.headers.location
      return {
        status: answer.statusCode,
        headers: { 'content-type': type, ...(location && { location: String(location) }) },
        body,
      }
    },
    close: () => app.close(),
  }
}

/** Without what the policy forbids anyway: letters from a server of others, and the styles of the word "Loading". */
const ownPage = (html: string) =>
  html
    .replace(/<link href="https:\/\/[^>]*>/g, '')
    .replace(/ style="[^"]*"|<style>[^<]*<\/style>/g, '')
    .replace('<title>', `<script src="${CLEAN_ADDRESS_URL}"></script>\n    <title>`)
