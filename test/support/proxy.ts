// A TCP proxy before PostgreSQL that cuts a connection at its next COMMIT: before the server gets it, or when the server
// has carried it out and the answer is on its way.
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

const COMMIT = Buffer.from('commit\0')

export interface CutProxy {
  url: string
  /** What happens to the next COMMIT. */
  cut: 'never' | 'before' | 'after'
  cuts: number
  /** Whether it lets anybody through. */
  open: boolean
}

export async function proxyTo(t: Test, target: string): Promise<CutProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const proxy: CutProxy = { url: '', cut: 'never', cuts: 0, open: true }
  const server = createServer((client) => {
    if (!proxy.open) return client.destroy()
    const backend = connect(Number(port || 5432), hostname)
    for (const socket of [client, backend]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        backend.destroy()
      })
    }
    let swallow = false
    client.on('data', (chunk) => {
      if (proxy.cut === 'never' || !chunk.includes(COMMIT)) return backend.write(chunk)
      const before = proxy.cut === 'before'
      proxy.cut = 'never'
      proxy.cuts++
      if (before) return client.destroy()
      swallow = true
      return backend.write(chunk)
    })
    backend.on('data', (chunk) => (swallow ? client.destroy() : client.write(chunk)))
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as { port: number }).port)
  proxy.url = url.href
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return proxy
}
