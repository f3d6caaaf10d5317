// A receiver of webhooks that fails in whatever way a test wants.
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import net from 'node:net'

export interface Received {
  headers: http.IncomingHttpHeaders
  body: string
}

export interface Receiver {
  url: string
  port: number
  requests: Received[]
  /** What the next requests are answered with; default: 204. */
  answer(respond: (response: http.ServerResponse) => void): void
}

interface Tap {
  teardown(fn: () => unknown): void
}

export async function receiver(t: Tap, tls = false): Promise<Receiver> {
  let respond = (response: http.ServerResponse): void => void response.writeHead(204).end()
  const requests: Received[] = []
  const listener: http.RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
    respond(response)
  }
  const server = tls ? https.createServer(selfSigned, listener) : http.createServer(listener)
  const port = await listen(t, server)
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/hook`,
    port,
    requests,
    answer(next) {
      respond = next
    },
  }
}

/** A server of bare connections: for what no HTTP server would do. */
export async function rawReceiver(t: Tap, talk: (socket: Socket) => void): Promise<string> {
  return `http://127.0.0.1:${await listen(t, net.createServer(talk))}/`
}

async function listen(t: Tap, server: net.Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Made for this file; it opens nothing. */
export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtXhsbI5XO2k9yxat
ckV3kR9bZhm14sCMeZf68oP6DI+hRANCAASz4TU8dsWHL4f/RpsoslyYdfXZAtZC
Neh6Ug5Qw2a4d4nrHHHs/tM+/28AXwFE4KE1ngN4lMQI+uaJdPWNivRF
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIUEEXd5gYfWjzdPoJqL6vqj9t+4cQwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDAgFw0yNjExMjIwMzU2MDJaGA8yMTI2
MTAyOTAzNTYwMlowGDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABLPhNTx2xYcvh/9GmyiyXJh19dkC1kI16HpSDlDDZrh3
iesccez+0z7/bwBfAUTgoTWeA3iUxAj65ol09Y2K9EWjczBxMB0GA1UdDgQWBBQ1
M3AuEtiCKcfWDmWVY6mhJ9owqDAfBgNVHSMEGDAWgBQ1M3AuEtiCKcfWDmWVY6mh
J9owqDAPBgNVHRMBAf8EBTADAQH/MB4GA1UdEQQXMBWCDXJlY2VpdmVyLnRlc3SH
BH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIhAMvK6oEoX1TsXaHnzIr0pNeMA97PzJhM
GvGiW4wrRIWBAiBD6eDwjRM8his+ftYUU09C0mCRTJGkkRGS8j7UTP1b/w==
-----END CERTIFICATE-----`,
}
