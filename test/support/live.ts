// A client of live updates on a real socket: what came, event by event.
import http from 'node:http'
import type { TestApp } from '../../src/testing/index.js'
import { until } from './databases.js'

export interface LiveEvent {
  id: string
  event: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
  data: any
}

export interface LiveClient {
  status: number
  headers: http.IncomingHttpHeaders
  events: LiveEvent[]
  /** Everything as it came, also comments. */
  text(): string
  /** Entries of the timeline. */
  entries(): LiveEvent['data'][]
  /** The cursor with which one goes on. */
  cursor(): string
  ended: boolean
  /** Stops reading, as a browser does that hangs. */
  pause(): void
  close(): void
}

const bases = new WeakMap<object, Promise<string>>()

/** The address of the application; it listens from the first call on. */
export function listening({ http: { app } }: Pick<TestApp, 'http'>): Promise<string> {
  const base = bases.get(app) ?? app.listen({ host: '127.0.0.1', port: 0 })
  bases.set(app, base)
  return base
}

export async function connect(
  app: TestApp,
  {
    query = '',
    token = app.adminToken,
    headers = {},
    waits = true,
  }: { query?: string; token?: string | null; headers?: Record<string, string>; waits?: boolean } = {},
): Promise<LiveClient> {
  const base = await listening(app)
  const request = http.get(`${base}/api/live${query}`, {
    agent: false,
    headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
  })
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    // Also later: a server that ends may reset the connection.
    request.on('error', reject)
  })
  let text = ''
  let last = ''
  const client: LiveClient = {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events: [],
    text: () => text,
    entries: () => client.events.filter(({ event }) => event === 'timeline').map(({ data }) => data),
    cursor: () => last,
    ended: false,
    pause: () => void response.pause(),
    close: () => void request.destroy(),
  }
  let rest = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
      )
      last = fields.id ?? last
      if (fields.data) client.events.push({ id: last, event: fields.event!, data: JSON.parse(fields.data) })
    }
  })
  const end = () => {
    client.ended = true
  }
  response.on('close', end).on('error', end)
  const started = () => client.ended || client.events.some(({ event }) => /^(ready|reset)$/.test(event))
  if (waits && client.status === 200 && !(await until(started))) throw new Error('it does not begin')
  return client
}
