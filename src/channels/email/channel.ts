// The channel `email`: SMTP where a server is configured, a folder of .eml files where none is.
import { type Channel, defineChannel, type Outcome } from '../channel.js'
import { compose } from './compose.js'
import { writeToOutbox } from './outbox.js'
import type { SmtpTransports } from './transports.js'

export interface EmailOptions {
  transports: SmtpTransports
  outboxFolder: string
  hasDefaultServer: boolean
}

export function emailChannel({ transports, outboxFolder, hasDefaultServer }: EmailOptions): Channel {
  return defineChannel({
    name: 'email',
    async deliver(message) {
      const transport = transports.for(message.inbox.options)
      if (!transport) return writeToOutbox(outboxFolder, message)
      try {
        const envelope = {
          // RFC 3834 §3.3: nobody is told that a machine's answer came back.
          from: message.automatic ? '' : message.from.address,
          to: [...message.to, ...message.cc].map(({ address }) => address),
        }
        const info = await transport.sendMail({ ...compose(message), envelope })
        return { kind: 'sent', refused: refusedOf(info), providerId: providerIdOf(info.response) }
      } catch (error) {
        return outcomeOf(error as SmtpError)
      }
    },
    describe: () =>
      hasDefaultServer
        ? 'e-mail goes out by SMTP'
        : `no SMTP server: outgoing mail is written to ${outboxFolder}`,
    async close() {
      transports.close()
    },
  })
}

interface SmtpError extends Error {
  responseCode?: number | undefined
  code?: string | undefined
  response?: string | undefined
  rejectedErrors?: SmtpError[] | undefined
  recipient?: string | undefined
}

/**
 * RFC 5321 §4.2.1: 5yz will not get better, everything else may. Only what is said about the envelope or the
 * message counts: a refused login or missing TLS is trouble of ours, and somebody will mend it.
 */
function outcomeOf(error: SmtpError): Outcome {
  const reasons = error.rejectedErrors?.length ? error.rejectedErrors : [error]
  const reason = reasons.map((one) => one.response ?? one.message).join('; ')
  const refused = reasons.every(
    ({ responseCode = 0, code = '' }) => responseCode >= 500 && ['EENVELOPE', 'EMESSAGE'].includes(code),
  )
  return { kind: refused ? 'refused' : 'later', reason }
}

function refusedOf({ rejectedErrors }: { rejectedErrors?: SmtpError[] | undefined }) {
  return (rejectedErrors ?? []).map((error) => ({
    address: error.recipient ?? 'unknown',
    reason: error.response ?? error.message,
  }))
}

/** Some providers give the message an id of their own and say so in their answer. */
const providerIdOf = (response: string): string | null =>
  /<([^\s<>@]+@[^\s<>]+)>/.exec(response ?? '')?.[1] ?? null
