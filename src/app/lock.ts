// One worker and one intake per data folder of the embedded default. The lock is one that the system takes back
// when the process dies, whatever kills it: an exclusive transaction in a file of its own.
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import { ConfigError, type Role } from '../config.js'

export function lockRoles(dataDir: string, roles: readonly Role[]): { release(): void } {
  const locks = roles.filter((role) => role !== 'web').map((role) => lock(dataDir, role))
  return {
    release() {
      for (const held of locks) held.close()
    },
  }
}

function lock(dataDir: string, role: Role) {
  const db = new SqliteDriver(path.join(dataDir, `${role}.lock`), { timeout: 0 })
  try {
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    if (!(error as { code?: string }).code?.startsWith('SQLITE_BUSY')) throw error
    throw new ConfigError([
      `${dataDir}: another server with the role "${role}" is running on this data; stop it first`,
    ])
  }
}
