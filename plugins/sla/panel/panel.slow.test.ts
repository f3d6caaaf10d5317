// The panel in a real browser, which loads it as a console does: fetched, and imported from a blob.
import { execFile } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'

const browser = ['chromium', 'chromium-browser', 'google-chrome']
  .flatMap((name) => (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, name)))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
const skip = browser === undefined ? 'no chromium, chromium-browser or google-chrome on PATH' : false

const HOSTILE = '<img src=x onerror="document.title=\'hacked\'">'
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
const timer = (metric: string, more: object) => ({
  ...{ metric, cycle: 0, startedAt: inMinutes(-60), dueAt: null, state: 'running', targetMs: 7_200_000 },
  ...{ consumedMs: 3_600_000, remainingMs: 3_600_000, stoppedAt: null, breachedAt: null, steps: [] },
  ...{ words: `The ${metric} in words`, segments: [] },
  ...more,
})
const answer = () => ({
  ...{ ticketId: 't1', number: 1, asOf: inMinutes(0), history: [] },
  policy: { id: 'p', version: 1, name: `Gold ${HOSTILE}`, since: inMinutes(-60), why: 'first match' },
  calendar: { id: 'c', name: 'Berlin office', version: 1, timeZone: 'Europe/Berlin' },
  timers: [
    timer('first_response', { state: 'met', dueAt: inMinutes(60), stoppedAt: inMinutes(-5) }),
    timer('next_response', {
      dueAt: inMinutes(125.5),
      words: `The next response is due ${HOSTILE}`,
      segments: [
        { from: inMinutes(-60), to: inMinutes(0), counted: true, reason: 'open', why: `open ${HOSTILE}` },
        {
          from: inMinutes(0),
          to: inMinutes(30),
          counted: false,
          reason: 'closed',
          why: 'closed (Berlin office)',
        },
      ],
    }),
    timer('resolution', { state: 'breached', dueAt: inMinutes(-30.5), breachedAt: inMinutes(-30.5) }),
    timer('periodic_update', { state: 'paused' }),
  ],
})

/** Runs `script` with the element in `panel`, then copies what the shadow root shows into the light DOM. */
const page = (
  script: string,
) => `<!doctype html><title>quiet</title><body><pre id="out"></pre><script type="module">
const source = await (await fetch('/panel.js')).text()
await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })))
const asked = []
const call = async (method, path) => {
  asked.push(method + ' ' + path)
  const answer = await fetch(path)
  const body = await answer.json()
  if (!answer.ok) throw new Error(body.detail)
  return body
}
const panel = document.createElement('sla-timers')
const root = panel.shadowRoot
const settle = (ms = 300) => new Promise((done) => setTimeout(done, ms))
const found = {}
${script}
found.asked = asked
found.text = root.querySelector('section').textContent
document.getElementById('out').textContent = JSON.stringify(found)
</script>`

async function show(t: Test, script: string): Promise<Record<string, never>> {
  const module = readFileSync(new URL('./sla-timers.js', import.meta.url))
  const server = createServer(({ url = '' }, response) => {
    const send = (type: string, body: string | Buffer, status = 200) =>
      response.writeHead(status, { 'Content-Type': type }).end(body)
    if (url === '/') return send('text/html; charset=utf-8', page(script))
    if (url === '/panel.js') return send('text/javascript', module)
    if (url === '/api/plugins/sla/tickets/t1') return send('application/json', JSON.stringify(answer()))
    return send('application/json', JSON.stringify({ detail: `There is no such ticket. ${HOSTILE}` }), 404)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const profile = mkdtempSync(path.join(tmpdir(), 'panel-'))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  const flags =
    '--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking'
  const { stdout } = await promisify(execFile)(
    browser!,
    [
      ...flags.split(' '),
      ...['--virtual-time-budget=200000', `--user-data-dir=${profile}`, '--dump-dom'],
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    ],
    { timeout: 60_000, env: { ...process.env, TZ: 'Asia/Tokyo', LANG: 'en_US.UTF-8' } },
  )
  t.match(stdout, '<title>quiet</title>', 'hostile text did not run')
  const out = /<pre id="out">(.+)<\/pre>/.exec(stdout)?.[1]
  if (out === undefined) throw new Error(`the page did not come to its end: ${stdout}`)
  const plain = out.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
  return JSON.parse(plain)
}

t.test('the timers of a ticket, with their reasons, as text', { skip }, async (t) => {
  const found = await show(
    t,
    `panel.ticket = 't1'
    panel.call = call
    document.body.append(panel)
    await settle()
    found.names = [...root.querySelectorAll('li.timer h3')].map((one) => one.textContent)
    found.states = [...root.querySelectorAll('.state')].map((one) => one.textContent)
    found.left = [...root.querySelectorAll('.left')].map((one) => one.textContent)
    found.due = root.querySelector('time').textContent
    found.local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
      .format(new Date(root.querySelector('time').dateTime))
    found.pieces = [...root.querySelectorAll('details ol li div:last-child')].map((one) => one.textContent)
    found.images = root.querySelectorAll('img').length
    found.live = root.querySelector('[aria-live=polite]').textContent
    root.querySelector('details').open = true
    await panel.refresh()
    found.open = root.querySelectorAll('details[open]').length`,
  )
  t.same(found.names, ['Next response', 'Resolution', 'First response', 'Next update'])
  t.same(found.states, ['Running', 'Missed', 'Met', 'Paused'])
  t.same(found.left, ['2 h 5 min left', '30 min over time', '1 h left when it goes on'])
  t.equal(found.due, found.local)
  t.same(found.pieces, [`Counts: open ${HOSTILE}`, 'Does not count: closed (Berlin office)'])
  t.equal(found.images, 0)
  t.equal(found.live, '1 missed, 1 running, 1 paused')
  t.equal(found.open, 1, 'what was opened stays open')
  t.match(found.text, `Policy: Gold ${HOSTILE} · Berlin office (Europe/Berlin)`)
  t.match(found.text, `The next response is due ${HOSTILE}`)
  t.same(found.asked, Array(2).fill('GET /api/plugins/sla/tickets/t1'))
})

t.test('it counts down by the minute, and not while it is nowhere', { skip }, async (t) => {
  const found = await show(
    t,
    `Object.assign(panel, { ticket: 't1', call })
    document.body.append(panel)
    await settle()
    const left = () => root.querySelector('.left').textContent
    found.first = left()
    await settle(60_000)
    found.second = left()
    panel.remove()
    await settle(70_000)
    found.third = left()`,
  )
  t.same([found.first, found.second, found.third], ['2 h 5 min left', '2 h 4 min left', '2 h 4 min left'])
})

t.test('another ticket is asked for; an error is text', { skip }, async (t) => {
  const found = await show(
    t,
    `Object.assign(panel, { ticket: 't1', call })
    document.body.append(panel)
    await settle()
    panel.ticket = 'a/b'
    await settle()
    found.timers = root.querySelectorAll('li.timer').length
    found.images = root.querySelectorAll('img').length
    found.error = root.querySelector('.error').textContent`,
  )
  t.same(found.asked, ['GET /api/plugins/sla/tickets/t1', 'GET /api/plugins/sla/tickets/a%2Fb'])
  t.equal(found.error, `The timers could not be read: There is no such ticket. ${HOSTILE}`)
  t.same([found.timers, found.images], [0, 0])
})
