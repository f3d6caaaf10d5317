// frontdesk start | serve: the server, until it is told to stop.

import { mkdirSync } from 'node:fs'
import { addressError } from '../../app/address.js'
import { type App, createApp } from '../../app/app.js'
import { isPostgres } from '../../app/database.js'
import { lockRoles } from '../../app/lock.js'
import { createLog } from '../../app/log.js'
import { type Config, ROLES } from '../../config.js'
import { makeDemo } from '../../demo/demo.js'
import { whoRuns } from '../../plugin/running.js'
import { type Command, say } from '../command.js'
import { forData } from '../pasted.js'

export const start: Command = {
  name: 'start',
  usage: 'start',
  summary: 'Start the desk with all roles; the very first start makes demo data (FRONTDESK_DEMO=off: none).',
  run: async ({ config }) => runServer({ ...config, roles: ROLES }),
}

export const serve: Command = {
  name: 'serve',
  usage: 'serve',
  summary: 'Start the roles that ROLES names (web, worker, intake).',
  run: async ({ config }) => runServer(config),
}

const LEFT_MS = 2000

async function runServer(config: Config): Promise<number> {
  const log = createLog(config.logLevel, 2)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  // Workers on PostgreSQL share it: their ledger says who has which job. A spool is worked off by one.
  const alone = isPostgres(config) ? config.roles.filter((role) => role !== 'worker') : config.roles
  const lock = lockRoles(config.dataDir, alone)
  const app = await createApp({ config, log, watch: true })
  // A fault nobody caught: what is in memory cannot be trusted any more. What is committed is safe.
  // The exit of this moment: later on a plugin's fault would be taken for the plugin that wants to leave.
  const { exit } = process
  process.on('uncaughtException', (error) => {
    const { plugin, handler } = whoRuns() ?? {}
    log.fatal({ err: error, plugin, handler }, 'an unexpected fault ends this process')
    exit.call(process, 1)
  })
  const stopped = untilStopped()
  const url = await app.start().catch((error: NodeJS.ErrnoException) => {
    throw addressError(error, 'HOST and PORT', config)
  })
  const token = config.roles.length === ROLES.length ? await makeDemo(app) : null
  greet(app, url, token)
  await stopped
  await app.stop()
  lock.release()
  // Whatever a library has left behind must not keep a server that has stopped.
  setTimeout(() => exit.call(process, 0), LEFT_MS).unref()
  return 0
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}

function greet({ config, channels }: App, url: string | null, token: string | null) {
  if (url === null) return say(`frontdesk works as ${config.roles.join(', ')} on ${config.dataDir}`)
  say(`\nfrontdesk listens on ${url}`)
  say(`API documentation:   ${url}/docs`)
  for (const channel of channels.values()) say(`Note: ${channel.describe()}`)
  const data = forData(config)
  if (token === null)
    return say(`\nNeed a token?  ${data}bin/frontdesk token create --agent E-MAIL --name NAME\n`)
  say(`Admin token:         ${token}   (shown once; make others with: ${data}bin/frontdesk token create)`)
  say('\nTry it from another terminal:\n')
  say(`curl -s -H 'Authorization: Bearer ${token}' '${url}/api/tickets?limit=5'`)
  say(
    `printf 'From: Ann <ann@guest.example>\\nTo: reception@hotel.example\\nDate: Tue, 03 Mar 2026 10:00:00 +0000\\nSubject: A late arrival\\n\\nWe will be there at eleven in the evening.\\n' | ${data}bin/frontdesk-pipe --inbox reception@hotel.example`,
  )
  say(
    `curl -s -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"text":"You are welcome at any hour."}' '${url}/api/tickets/1/replies'\n`,
  )
}
