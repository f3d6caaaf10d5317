// SMTP connections, one pool per server, opened when first used and again when its address changes.
import nodemailer from 'nodemailer'
import type { InboxOptions } from '../../db/tables/intake.js'

export interface SmtpSettings {
  url: string
  requireTls: boolean
}

export interface SmtpTransports {
  /** Null: no SMTP server is configured for this inbox. */
  for(options: InboxOptions): Transporter | null
  close(): void
}

export type Transporter = ReturnType<typeof makeTransport>

/** @param unseal opens the sealed address of an inbox's own server. */
export function createTransports(
  fallbackUrl: string | null,
  unseal: (sealed: string) => string,
): SmtpTransports {
  const open = new Map<string, Transporter>()
  return {
    for(options) {
      const url = options.smtp ? unseal(options.smtp) : fallbackUrl
      if (!url) return null
      const settings: SmtpSettings = { url, requireTls: options.requireTls ?? false }
      const key = JSON.stringify(settings)
      const known = open.get(key) ?? makeTransport(settings)
      open.set(key, known)
      return known
    },
    close() {
      for (const transport of open.values()) transport.close()
    },
  }
}

function makeTransport({ url, requireTls }: SmtpSettings) {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  return nodemailer.createTransport({
    pool: true,
    maxConnections: 5,
    maxMessages: 100,
    host: hostname,
    port: port ? Number(port) : secure ? 465 : 587,
    secure,
    requireTLS: requireTls && !secure,
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: 15_000,
    greetingTimeout: 15_000,
    socketTimeout: 60_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}
