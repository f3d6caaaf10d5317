// One intake after the other with the n-th call of the disk or the database failing, n = 1, 2, 3 … until a clean
// run. After each: nothing lost, nothing doubled, and with the fault gone it ends as one message with all its bytes.
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { openFolder } from '../../src/blobs/folder.js'
import { sha256 } from '../../src/settings/secrets.js'
import { folder, times } from '../support/databases.js'
import { type Fault, fault, faultyFs, faultySqlite, forgetfulFs } from '../support/faults.js'
import { INBOX, type IntakeDesk, openIntake } from '../support/intake.js'
import { mail } from '../support/mails.js'

function withFile(subject: string): { raw: Buffer; content: Buffer } {
  const content = Buffer.from(`${subject} `.repeat(300))
  const headers = { 'MIME-Version': '1.0', 'Content-Type': 'multipart/mixed; boundary=b' }
  const text = [
    '--b\r\n\r\nSee the file.',
    '--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n',
    content.toString('base64'),
    '--b--',
  ].join('\r\n')
  return { raw: Buffer.from(mail({ subject, headers, text })), content }
}

const onEachCall = (make: (at: Fault) => Parameters<typeof openIntake>[2]) =>
  async function run(t: Parameters<typeof openIntake>[0], late: boolean) {
    const at = fault(0, late)
    const desk = await openIntake(t, folder(t), make(at))
    let n = 0
    do {
      const { raw, content } = withFile(`mail ${++n}`)
      Object.assign(at, fault(n, late))
      const accepted = await desk.spool.put(raw, INBOX).then(
        () => true,
        () => false,
      )
      await desk.spooler.drain().catch(() => {})
      await desk.engine.runDue().catch(() => {})
      at.n = 0
      const label = `call ${n}, ${at.hit}`
      const known = (await desk.intakes()).filter(({ subject }) => subject === `mail ${n}`)
      if (accepted && known.length === 0) t.equal(desk.waiting(), 1, `${label}: it still lies in the spool`)
      for (const { rawHash } of known)
        t.same(await desk.blobs.read(rawHash), raw, `${label}: its bytes are there`)
      // As every giver of mail does that was told no.
      if (!accepted) await desk.spool.put(raw, INBOX)
      await desk.goOn()
      const found = (await desk.messages()).filter(({ subject }) => subject === `mail ${n}`)
      t.equal(found.length, 1, `${label}: one message`)
      const [{ state, rawHash }] = (await desk.intakes()).slice(-1) as never as [Record<string, string>]
      t.equal(state, 'opened', label)
      t.same(await desk.blobs.read(rawHash!), raw, `${label}: whole`)
      t.same(found[0]?.attachments.length, 1)
      t.same(await desk.blobs.read(found[0]!.attachments[0]!.hash), content, `${label}: and its attachment`)
      t.equal(desk.waiting(), 0, `${label}: the spool is empty`)
      t.same(await desk.db.select().from(desk.db.t.jobs), [], `${label}: nothing is left to do`)
    } while (at.hit !== null)
    await sound(t, desk)
    return n - 1
  }

async function sound(t: Parameters<typeof openIntake>[0], { db }: IntakeDesk) {
  t.same(await db.rows(sql`pragma integrity_check`), [{ integrity_check: 'ok' }])
  t.same(
    await db.rows(
      sql`select m.id from messages m left join tickets t on t.id = m.ticket_id where t.id is null`,
    ),
    [],
  )
}

for (const late of [false, true]) {
  const when = late ? 'is done but not answered' : 'fails'
  t.test(`whichever call of the disk ${when}, the mail is there once and whole`, async (t) => {
    const calls = await onEachCall((at) => ({ fs: faultyFs(at) }))(t, late)
    t.ok(calls > 25, `${calls} calls in turn`)
  })
  t.test(`whichever statement of the database ${when}, the mail is there once and whole`, async (t) => {
    const calls = await onEachCall((at) => ({ connect: faultySqlite(at) }))(t, late)
    t.ok(calls > 30, `${calls} statements in turn`)
  })
}

t.test('what the spool has given away survives a power cut', async (t) => {
  const dir = path.join(folder(t), 'data')
  const disk = forgetfulFs()
  await disk.fs.mkdir(dir, { recursive: true })
  await (await disk.fs.open(path.dirname(dir), 'r')).sync()
  const desk = await openIntake(t, dir, { fs: disk.fs })
  const { raw, content } = withFile('first of all')
  await desk.spool.put(raw, INBOX)
  await desk.goOn()
  t.equal((await desk.messages()).length, 1)
  await disk.cut()
  t.same(await desk.blobs.read(sha256(raw)), raw)
  t.same(await desk.blobs.read(sha256(content)), content)
})

t.test(
  'an attachment that could not be made safe is made safe by the next try, not taken as safe',
  async (t) => {
    const content = Buffer.from('bytes')
    for (let n = 1, hit = true; hit; n++) {
      const disk = forgetfulFs()
      const at = fault(n)
      const blobs = openFolder(path.join(folder(t), 'blobs'), faultyFs(at, disk.fs))
      const first = await blobs.put(sha256(content), content).then(
        () => 'safe',
        () => 'failed',
      )
      hit = at.hit !== null
      at.n = 0
      if (hit) await blobs.put(sha256(content), content)
      else t.equal(first, 'safe')
      await disk.cut()
      t.same(await blobs.read(sha256(content)).catch(() => 'gone'), content, `${n}: ${at.hit}`)
    }
  },
)

t.test('with a full disk mail stays in the spool, and goes on when there is space', async (t) => {
  let writer: SqliteDriver.Database | undefined
  const desk = await openIntake(t, folder(t), {
    connect(...args) {
      const made = new SqliteDriver(...args)
      writer ??= made
      return made
    },
  })
  writer!.pragma(`max_page_count = ${writer!.pragma('page_count', { simple: true })}`)
  const subjects = times(40, (i) => `${i} ${'x'.repeat(150)}`)
  for (const subject of subjects) await desk.spool.put(Buffer.from(mail({ subject })), INBOX)
  await desk.spooler.drain()
  await desk.engine.runDue().catch(() => {})
  const taken = (await desk.intakes()).length
  t.ok(taken < 40, `${taken} found room`)
  t.equal(taken + desk.waiting(), 40)
  t.ok(desk.errors.some((line) => line.includes('disk is full')))
  writer!.pragma('max_page_count = 1073741823')
  await desk.goOn()
  t.same((await desk.messages()).map(({ subject }) => subject).sort(), [...subjects].sort())
  await sound(t, desk)
})
