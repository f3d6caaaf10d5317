// An S3-compatible server in this process (s3rver) behind a door at which a test can make faults; and both stores.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo, Socket } from 'node:net'
import path from 'node:path'
import type { Test } from 'tap'
import type { Blobs } from '../../src/blobs/blobs.js'
import { openFolder } from '../../src/blobs/folder.js'
import { openS3, type S3Limits } from '../../src/blobs/s3.js'
import { readS3, type S3Place } from '../../src/config.js'
import { folder } from './databases.js'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

interface S3rver {
  configureBuckets(): Promise<void>
  getMiddleware(): Handler
}

const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver

// Every test file would print that a later SDK will not run on Node 20.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const BUCKET = 'desk-blobs'

export interface TestS3 {
  place: S3Place
  url: string
  /** `GET kept/ab…` and so on, in order. */
  requests: string[]
  /** Takes a request over by returning true; `next` hands it to the server after all. */
  door: ((request: IncomingMessage, response: ServerResponse, next: () => void) => boolean) | undefined
  /** Writes over what is stored, behind the back of the server. */
  tamper(place: string, bytes: Uint8Array): void
  stop(): Promise<void>
  start(): Promise<void>
}

export async function startS3(t: Test, prefix = 'one/desk'): Promise<TestS3> {
  const directory = folder(t)
  const s3 = new S3rver({
    directory,
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: BUCKET, configs: [] }],
  })
  await s3.configureBuckets()
  const handler = s3.getMiddleware()
  const sockets = new Set<Socket>()
  let server: Server
  const listen = async (port: number) => {
    server = createServer((request, response) => {
      test.requests.push(`${request.method} ${request.url}`)
      const next = () => handler(request, response)
      if (!test.door?.(request, response, next)) next()
    })
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    return (server.address() as AddressInfo).port
  }
  const stop = async () => {
    const closed = new Promise((done) => server.close(done))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  const port = await listen(0)
  t.teardown(stop)
  const url = `s3://S3RVER:S3RVER@${BUCKET}/${prefix}?endpoint=http://127.0.0.1:${port}`
  const test: TestS3 = {
    place: readS3('BLOBS_URL', url, [])!,
    url,
    requests: [],
    door: undefined,
    tamper(place, bytes) {
      const file = path.join(directory, BUCKET, prefix, `${place}._S3rver_object`)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, bytes)
    },
    stop,
    start: async () => void (await listen(port)),
  }
  return test
}

export const QUICK: Partial<S3Limits> = { connectMs: 1500, answerMs: 1500, pieceMs: 1000 }

export interface TestStore {
  blobs: Blobs
  dir: string
  remote: boolean
  /** Writes over what is stored under a place such as `ab/ab12…`. */
  tamper(place: string, bytes: Uint8Array): void
}

/** The same test on a folder and on s3rver. */
export async function eachStore(t: Test, name: string, body: (t: Test, store: TestStore) => Promise<void>) {
  await t.test(`folder: ${name}`, async (t) => {
    const dir = folder(t)
    const root = path.join(dir, 'blobs')
    const tamper = (place: string, bytes: Uint8Array) => writeFileSync(path.join(root, place), bytes)
    await body(t, { blobs: openFolder(root), dir, remote: false, tamper })
  })
  await t.test(`s3: ${name}`, async (t) => {
    const s3 = await startS3(t)
    const blobs = openS3(s3.place, QUICK)
    t.teardown(() => blobs.close())
    await body(t, { blobs, dir: folder(t), remote: true, tamper: s3.tamper })
  })
}
