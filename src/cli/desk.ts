// The database for a command. It may run beside the server: both take turns at writing.
import { openDatabase } from '../app/database.js'
import { systemClock } from '../clock.js'
import type { Config } from '../config.js'
import type { Db } from '../db/types.js'

export async function withDb<T>(config: Config, work: (db: Db) => Promise<T>): Promise<T> {
  const db = await openDatabase(config, systemClock)
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
