// frontdesk ingest: a whole mailbox into the spool; the server takes it from there. Twice is once.
import { eq } from 'drizzle-orm'
import { readSource } from '../../intake/import/sources.js'
import { openSpool } from '../../intake/spool.js'
import { type Command, plain, say, UsageError } from '../command.js'
import { withDb } from '../desk.js'

export const ingest: Command = {
  name: 'ingest',
  usage: 'ingest --inbox ADDRESS [FILE|FOLDER|-]…',
  summary:
    'Take in an mbox, a Maildir, .eml files, or standard input; what is there already is not taken twice.',
  options: { inbox: { type: 'string' } },
  async run({ args, values, config }) {
    const inbox = String(values.inbox ?? '').toLowerCase()
    if (inbox === '') throw new UsageError(`usage: frontdesk ${this.usage}`)
    const known = await withDb(config, (db) =>
      db.select().from(db.t.inboxes).where(eq(db.t.inboxes.address, inbox)),
    )
    if (known.length === 0)
      throw new UsageError(`there is no inbox ${inbox}; create it with: frontdesk inbox create ${inbox}`)
    const spool = await openSpool(config.dataDir)
    const progress = createProgress()
    let taken = 0
    let seen = 0
    let broken = 0
    for (const source of args.length > 0 ? args : ['-']) {
      const mails = (async function* () {
        for await (const raw of readSource(source, process.stdin)) {
          progress.show(++seen)
          yield { raw, inbox }
        }
      })()
      const count = (names: readonly string[]) => {
        taken += names.length
      }
      await spool.putMany(mails).then(count, (error: Error) => {
        broken++
        console.error(`frontdesk: ${plain(source)}: ${error.message}`)
      })
    }
    progress.end()
    say(`${taken} mails are safe in the spool; a running server takes them in now, others at its next start`)
    return broken > 0 ? 1 : 0
  },
}

/** On a terminal only; a log file wants no carriage returns. */
function createProgress() {
  let shown = 0
  const terminal = process.stderr.isTTY
  return {
    show(count: number) {
      if (!terminal || Date.now() - shown < 100) return
      shown = Date.now()
      process.stderr.write(`\r${count} mails`)
    },
    end() {
      if (terminal && shown > 0) process.stderr.write('\r\x1b[K')
    },
  }
}
