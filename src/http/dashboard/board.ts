// The board itself, in a Fastify of its own that listens nowhere: its engine of views, its error handler and its routes
// do not touch the API. Only GET reaches it.
import type { BaseAdapter } from '@bull-board/api/baseAdapter'
import Fastify from 'fastify'
import type { HttpDeps } from '../context.js'
import { ledgerQueues } from './ledger-queue.js'

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
      const adapter = new BullMQAdapter(queue as never, { readOnlyMode: true, prefix: 'redis: ' })
      // Jobs carry ids only; whatever else stands there is not for this page.
      adapter.setFormatter('data', () => undefined)
      adapter.setFormatter('returnValue', () => undefined)
      queues.push(adapter)
    }
  }
  createBullBoard({
    queues,
    // Two versions of the types meet here: the adapter has a copy of the API of its own.
    serverAdapter: serverAdapter as never,
    options: { uiConfig: { boardTitle: 'frontdesk', hideRedisDetails: real.length === 0 } },
  })
  const app = Fastify({ logger: false })
  await app.register(serverAdapter.registerPlugin() as never, { prefix: PREFIX } as never)
  await app.ready()
  return {
    async get(url) {
      const answer = await app.inject({ method: 'GET', url })
      const type = String(answer.headers['content-type'] ?? 'application/octet-stream')
      // It asks a server of others for its letters, which the policy forbids anyway.
      const body = type.startsWith('text/html')
        ? Buffer.from(answer.body.replace(/<link href="https:\/\/[^>]*>/g, ''))
        : answer.rawPayload
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
