// The receiver of docs/plugins.md, as a process of its own: it takes what is signed, and acts over REST.
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { ROOT } from '../../src/app/root.js'
import { tempDir } from '../../src/testing/index.js'
import { filesIn } from '../support/blocks.js'
import { NODE, nodeArgs } from '../support/node.js'
import { writeFiles } from '../support/package-folder.js'

const KEY = Buffer.from('a key of at least twenty-four bytes')

function signed(id: string, body: string, at = Math.floor(Date.now() / 1000)) {
  const signature = createHmac('sha256', KEY).update(`${id}.${at}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': `${at}`, 'webhook-signature': `v1,${signature}` }
}

/** Stands in for the desk: keeps what it was asked. */
async function desk(t: Test) {
  const asked: { url: string | undefined; key: unknown; token: string | undefined }[] = []
  const server = createServer(({ url, headers }, response) => {
    asked.push({ url, key: headers['idempotency-key'], token: headers.authorization })
    response.writeHead(201).end('{}')
  }).listen(0)
  t.teardown(() => server.close())
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function receiver(t: Test, url: string) {
  const { dir, remove } = tempDir()
  t.teardown(remove)
  writeFiles(dir, filesIn(readFileSync(path.join(ROOT, 'docs', 'plugins.md'), 'utf8')))
  const secret = `whsec_${KEY.toString('base64')}`
  const env = { ...process.env, DESK: url, DESK_TOKEN: 'fd_robot', WEBHOOK_SECRET: secret, PORT: '0' }
  const child = spawn(NODE, nodeArgs(path.join(dir, 'receiver.mjs')), { env })
  t.teardown(() => child.kill())
  const said = await new Promise<string>((resolve) => child.stdout.once('data', (all) => resolve(`${all}`)))
  const address = `http://127.0.0.1:${/listens on (\d+)/.exec(said)![1]}`
  return async (body: string, headers: Record<string, string>) =>
    (await fetch(address, { method: 'POST', body, headers })).status
}

t.test('the receiver of the documents adds a note for what is signed, and nothing else', async (t) => {
  const { asked, url } = await desk(t)
  const send = await receiver(t, url)
  const body = JSON.stringify({ type: 'ticketCreated', data: { ticketId: 'one' } })
  t.equal(await send(body, signed('dlv_1', body)), 204)
  t.strictSame(asked, [{ url: '/api/tickets/one/notes', key: 'dlv_1', token: 'Bearer fd_robot' }])
  t.equal(await send(`${body} `, signed('dlv_2', body)), 401, 'changed on its way')
  t.equal(await send(body, signed('dlv_3', body, 1_000_000_000)), 401, 'an old one')
  t.equal(await send(body, {}), 401, 'without a signature')
  t.equal(asked.length, 1)
})
