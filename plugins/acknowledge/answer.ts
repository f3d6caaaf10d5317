// One new ticket: judge it, count it, answer it, write it down. All in one transaction, so that what is written down
// and what is sent are the same.
import { eq } from 'drizzle-orm'
import { newId, type PluginTx } from 'frontdesk/plugin'
import { withoutTag } from './addresses.js'
import type { App } from './app.js'
import { sent } from './events.js'
import { type Case, inboxSettings, objection, readCase } from './judge.js'
import { findLanguage, guessLanguage } from './language.js'
import { isUnanswered, takeToken } from './limits.js'
import type { Reason } from './reasons.js'
import { nameOf, neutralise, render } from './template.js'
import type { Text } from './texts.js'

export async function acknowledge(app: App, tx: PluginTx, ticketId: string): Promise<void> {
  const { answers } = app.tables
  const before = await tx.select({ id: answers.id }).from(answers).where(eq(answers.ticketId, ticketId))
  if (before.length > 0) return
  const one = await readCase(app, tx, ticketId)
  if (!one) return
  const reason = (await objection(app, tx, one)) ?? (await overLimit(app, tx, one.address!))
  const outcome = reason ? { reason } : await send(app, tx, one)
  // Two workers with the same event: the unique index undoes what the later one did, the answer included.
  await tx.insert(answers).values({
    id: newId(),
    ticketId,
    inboxId: one.inbox.id,
    address: one.address && withoutTag(one.address),
    ...outcome,
    at: tx.now,
  })
}

/**
 * A token that a later limit makes useless is not given back: under a loop or a mail bomb that is the safe side.
 */
async function overLimit(app: App, tx: PluginTx, address: string): Promise<Reason | null> {
  const { perAddress, perDesk, unanswered } = app.settings()
  const whom = withoutTag(address)
  // First: its row makes mails of the same sender wait for each other, so that the next question sees them all.
  if (!(await takeToken(app, tx, `address:${whom}`, perAddress))) return 'address-limit'
  if (await isUnanswered(app, tx, whom, unanswered)) return 'unanswered-limit'
  if (await takeToken(app, tx, 'desk', perDesk)) return null
  await app.notify(tx, {
    key: 'ceiling',
    level: 'warning',
    text: `More than ${perDesk} tickets in an hour wanted an acknowledgement; the rest got none. Is it a mail bomb?`,
  })
  return 'desk-limit'
}

async function send(app: App, tx: PluginTx, one: Case) {
  const { language, text } = textFor(app, one)
  if (!text) return { reason: 'no-text' as const }
  const values = valuesOf(app, one)
  const messageId = await app.desk.answerAutomatically(tx, one.ticket.id, {
    subject: render(text.subject, values),
    text: render(text.text, values),
  })
  if (!messageId) return { reason: 'no-address' as const }
  await app.emit(tx, sent, { ticketId: one.ticket.id, messageId, language })
  return { reason: null, messageId, language }
}

/** The language of the contact, else of the message, else of the inbox, else of the desk; else any text there is. */
function textFor(app: App, { contact, message, inbox }: Case): { language: string; text: Text | undefined } {
  const settings = app.settings()
  const own = inboxSettings(settings, inbox)
  const texts = own?.texts ?? settings.texts
  const among = Object.keys(texts)
  const language =
    findLanguage(contact?.language, among) ??
    guessLanguage(`${message?.subject}\n${message?.text}`, among) ??
    findLanguage(own?.language, among) ??
    findLanguage(settings.language, among) ??
    among[0] ??
    ''
  return { language, text: texts[language] }
}

function valuesOf(app: App, { ticket, contact, inbox }: Case) {
  const { desk, repeatSender } = app.settings()
  return {
    'ticket.number': String(ticket.number),
    'ticket.subject': repeatSender ? neutralise(ticket.subject) : '',
    'requester.name': repeatSender ? nameOf(contact?.name ?? '') : '',
    desk: desk || inbox.name,
  }
}
