// CPU per mail of bin/frontdesk-pipe beside two plain shell scripts: one that takes the same durable steps, and a
// naive one. `node dist/scripts/bench/pipe.js [mails]`; the three take turns, so that a busy machine hits all alike.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const pipe = path.resolve(import.meta.dirname, '../../../bin/frontdesk-pipe')
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'frontdesk-bench-'))
const mailFile = path.join(base, 'mail.eml')
const rounds = 6
const mails = Number(process.argv[2] ?? 300)

const subjects = [
  { name: 'frontdesk-pipe', command: `"${pipe}" --inbox support@desk.invalid --sender=ann@customer.invalid` },
  {
    name: 'same steps, plain sh',
    command: script('steps', 'cat >tmp/$$; sync tmp/$$; mv tmp/$$ new/$$; sync new'),
  },
  { name: 'naive sh', command: script('naive', 'cat >new/$$; sync new/$$') },
]

/** A mail of usual size: a header of 2 KB, a text of 20 KB. */
function writeMail(): void {
  const trace =
    'Received: from mx.customer.invalid (mx.customer.invalid [192.0.2.1]) by desk.invalid\n'.repeat(22)
  const header = `${trace}From: ann@customer.invalid\nDate: Mon, 05 Jan 2026 10:00:00 +0000\nSubject: printer\n`
  fs.writeFileSync(mailFile, `${header}\n${'A line of an ordinary message.\n'.repeat(660)}`)
}

function script(name: string, steps: string): string {
  const file = path.join(base, name)
  fs.writeFileSync(file, `#!/bin/sh\ncd "$FRONTDESK_DATA/spool" || exit 1\n${steps}\n`, { mode: 0o755 })
  return `"${file}"`
}

/** Seconds of CPU for one mail, of the command and its children, as the shell around them counts it. */
function measure(command: string, count: number): number {
  const data = fs.mkdtempSync(path.join(base, 'data-'))
  for (const part of ['tmp', 'new']) fs.mkdirSync(path.join(data, 'spool', part), { recursive: true })
  const loop = `i=0; while [ $i -lt ${count} ]; do ${command} <"${mailFile}" || exit 1; i=$((i + 1)); done; times`
  const env = { ...process.env, FRONTDESK_DATA: data }
  const { status, stdout, stderr } = spawnSync('sh', ['-c', loop], { env, encoding: 'utf8' })
  fs.rmSync(data, { recursive: true })
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`)
  const ofChildren = stdout.trim().split('\n').at(-1)!
  const seconds = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s))
  return seconds.reduce((sum, part) => sum + part, 0) / count
}

function report(totals: Map<string, number>): void {
  const plain = totals.get('same steps, plain sh')!
  console.log(
    `CPU per mail, ${mails} mails each, ${os.cpus().length} cores, load ${os.loadavg()[0]!.toFixed(1)}`,
  )
  for (const [name, total] of totals) {
    const ms = ((total / rounds) * 1000).toFixed(2)
    console.log(`${name.padEnd(22)} ${ms.padStart(6)} ms   ${(total / plain).toFixed(2)} ×`)
  }
}

try {
  writeMail()
  const totals = new Map(subjects.map(({ name }) => [name, 0]))
  for (let round = 0; round < rounds; round++)
    for (const { name, command } of subjects)
      totals.set(name, totals.get(name)! + measure(command, Math.ceil(mails / rounds)))
  report(totals)
} finally {
  fs.rmSync(base, { recursive: true, force: true })
}
