// A process that migrates a file and, where a migration says so, is killed in the middle of it.
import SqliteDriver from 'better-sqlite3'
import { systemClock } from '../../src/clock.js'
import { migrate } from '../../src/db/migrate.js'
import { openSqlite } from '../../src/db/sqlite.js'

const [, , file, migrations] = process.argv
console.log('opening')
const db = openSqlite({
  file: file!,
  clock: systemClock,
  connect(...args) {
    const made = new SqliteDriver(...args)
    made.function('die', () => process.kill(process.pid, 'SIGKILL'))
    return made
  },
})
console.log(JSON.stringify(await migrate(db, 'test', JSON.parse(migrations!))))
await db.close()
