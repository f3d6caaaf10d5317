// Tests that need a real PostgreSQL server: several connections, several desks on one database.
import type { TAP, Test } from 'tap'
import { type App, createApp } from '../../src/app/app.js'
import { prepare } from '../../src/app/database.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { type Clock, systemClock } from '../../src/clock.js'
import { readConfig } from '../../src/config.js'
import { openPostgres } from '../../src/db/postgres.js'
import { openPool } from '../../src/db/postgres-pool.js'
import type { Db } from '../../src/db/types.js'
import { normalise } from '../../src/intake/mime/normalise.js'
import { createSchema, testServer } from '../../src/testing/databases.js'

/** Why a test is skipped, or false. */
export const WITHOUT_SERVER =
  testServer() === undefined ? 'FRONTDESK_TEST_POSTGRES names no PostgreSQL server' : false

/** The address of an empty schema that is gone after the test. */
export async function schema(t: Test | TAP): Promise<string> {
  const { url, drop } = await createSchema(testServer()!)
  t.teardown(drop)
  return url
}

/** Another process would open it like this. */
export async function openAt(
  t: Test,
  url: string,
  { size = 10, clock = systemClock }: { size?: number; clock?: Clock } = {},
): Promise<Db> {
  const db = openPostgres({ driver: openPool({ url, size, clock: systemClock }), clock })
  t.teardown(() => db.close().catch(() => {}))
  return prepare(db)
}

/** A whole desk beside others on the same database. */
export async function deskAt(
  t: Test,
  url: string,
  dir: string,
  env: Record<string, string> = {},
): Promise<App> {
  const config = readConfig(
    {
      ...{
        FRONTDESK_DATA: dir,
        FRONTDESK_DEMO: 'off',
        LOG_LEVEL: 'silent',
        DATABASE_URL: url,
        ROLES: 'worker',
      },
      ...env,
    },
    ROOT,
  )
  const app = await createApp({
    config,
    log: createLog(config.logLevel),
    normaliser: { normalise, warm() {}, close: async () => {} },
  })
  t.teardown(() => app.stop())
  return app
}
