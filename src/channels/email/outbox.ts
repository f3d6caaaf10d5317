// Without an SMTP server outgoing mail becomes files: nothing is lost, and a new desk can be tried at once.
import { mkdir, open, rename } from 'node:fs/promises'
import path from 'node:path'
import nodemailer from 'nodemailer'
import type { Outcome, Outgoing } from '../channel.js'
import { compose } from './compose.js'

/** Writes `<folder>/<message id>.eml`; a second try writes the same file. */
export async function writeToOutbox(folder: string, message: Outgoing): Promise<Outcome> {
  const stream = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  const { message: bytes } = await stream.sendMail(compose(message))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, `${message.id}.eml`)
  const handle = await open(`${file}.part`, 'w', 0o600)
  try {
    await handle.writeFile(bytes as Buffer)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.part`, file)
  return { kind: 'sent', refused: [], providerId: null }
}
