// A plugin that misbehaves, and what the desk says of it.
import { MINUTE } from '../../src/clock.js'
import { definePlugin, type PluginApp } from '../../src/plugin/index.js'
import type { TestApp } from '../../src/testing/index.js'

export const bad = (setup: (app: PluginApp) => void) =>
  definePlugin({ name: 'bad', version: '1.0.0', api: '^1.0.0', setup: setup as never })

export const mail = (n: number) => `From: guest${n}@guest.example\nSubject: mail ${n}\n\nhello ${n}\n`

export const handler = async (app: TestApp, name: string) =>
  (await app.call('GET', '/api/plugins/bad')).body.handlers.find(
    (one: { handler: string }) => one.handler === name,
  )

/** Runs what comes due until the intake has its end. */
export async function settled(app: TestApp, tries = 6) {
  for (let n = 0; n < tries; n++) {
    app.clock.advance(MINUTE)
    await app.runJobs()
  }
  const { body } = await app.call('GET', '/api/intakes')
  return body.items.map(({ state }: { state: string }) => state)
}
