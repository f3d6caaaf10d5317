// Was this mail written by a machine? Such mail is stored and threaded, but never answered automatically,
// never reopens a ticket and never moves an SLA timer (RFC 3834 §2). The first rule that holds gives kind and
// reason.
import type { Fields } from './fields.js'
import type { Address, Automatic } from './message.js'

export interface Clues {
  fields: Fields
  from: Address | null
  subject: string
  returnPath: string | null
  /** Content-Type of the whole: `multipart/report; report-type=…`. */
  contentType: string
  reportType: string
}

interface Rule {
  kind: Automatic
  by: string
  holds(clues: Clues): boolean
}

const DAEMON = /^(mailer-?daemon|postmaster|mail-?daemon|mail\.daemon|mdaemon|bounces?)([-+=.].*)?@/i
const NOREPLY =
  /^(.+[-_.])?(no-?_?\.?reply|do-?_?\.?not-?_?\.?reply|nepasrepondre|ne-pas-repondre|noresponder)([-+_.].*)?@/i
const FAILURE =
  /undeliver|returned (mail|to sender)|delivery (status|failure|has failed|notification|problem|incomplete)|mail delivery|failure notice|unzustellbar|nicht zugestellt|non remis|échec|rejected|could not be delivered/i
// Only a hint: a customer may write about an absence. Hence at the start, and last in the table.
const VACATION =
  /^(re: *|aw: *|sv: *|antw: *|ré ?: *)?(auto(matic|mated|matisch\p{L}*|matique|matica|mática)?[ :-]+(reply|response|antwort|antwoord|svar|réponse|respuesta|risposta|resposta)|auto-?reply|autoreply|automatisch(e|es)? (antwort|antwoord)|abwesenheit|out of (the )?office|absence\b|réponse automatique|respuesta automática|risposta automatica|resposta automática|automatické? (odpověď|odpoveď)|odpowiedź automatyczna|autosvar|automaattinen vastaus|автоответ|自動返信|自动回复|自動回覆|vacation (reply|response|notice))/iu

const has = (name: string, pattern: RegExp) => (clues: Clues) =>
  clues.fields.all(name).some((value) => pattern.test(value))
const isDaemon = ({ from }: Clues) =>
  DAEMON.test(from?.address ?? '') ||
  (from?.address === '' && /^mail delivery|mailer-daemon/i.test(from.name))
const rule = (kind: Automatic, by: string, holds: Rule['holds']): Rule => ({ kind, by, holds })

const RULES: Rule[] = [
  rule('bounce', 'report-type=delivery-status', (c) => c.reportType === 'delivery-status'),
  rule('bounce', 'content-type: message/delivery-status', (c) => c.contentType === 'message/delivery-status'),
  rule('bounce', 'x-failed-recipients', has('x-failed-recipients', /@/)),
  rule('bounce', 'null sender from a mail daemon', (c) => c.returnPath === '' && isDaemon(c)),
  rule('bounce', 'from a mail daemon', (c) => isDaemon(c) && FAILURE.test(c.subject)),
  rule(
    'auto-reply',
    'report-type=disposition-notification',
    (c) => c.reportType === 'disposition-notification',
  ),
  // RFC 3834 §5: auto-generated is any machine, auto-replied answers a mail; Exchange mixes the two up.
  rule('auto-reply', 'auto-submitted: auto-replied', has('auto-submitted', /^\s*auto-replied/i)),
  rule(
    'auto-reply',
    'auto-submitted with a vacation subject',
    (c) => has('auto-submitted', /^\s*auto/i)(c) && VACATION.test(c.subject),
  ),
  rule('auto-reply', 'x-autoreply', has('x-autoreply', /^(?!\s*no\s*$)/i)),
  rule('auto-reply', 'x-autorespond', has('x-autorespond', /^(?!\s*no\s*$)/i)),
  rule('auto-reply', 'precedence: auto_reply', has('precedence', /^\s*auto_?-?reply/i)),
  rule(
    'auto-reply',
    'vacation subject with x-auto-response-suppress',
    (c) => c.fields.first('x-auto-response-suppress') !== undefined && VACATION.test(c.subject),
  ),
  rule('bulk', 'list-id', has('list-id', /\S/)),
  rule('bulk', 'list-unsubscribe', has('list-unsubscribe', /\S/)),
  rule('bulk', 'precedence', has('precedence', /^\s*(bulk|junk|list)\b/i)),
  rule('bulk', 'auto-submitted', has('auto-submitted', /^\s*(?!no\b)\S/i)),
  rule('bulk', 'x-auto-response-suppress', has('x-auto-response-suppress', /\b(all|autoreply|oof)\b/i)),
  rule(
    'auto-reply',
    'x-loop',
    (c) => c.fields.first('x-loop') !== undefined || c.fields.first('x-frontdesk-loop') !== undefined,
  ),
  // RFC 5321 §4.5.5: the null sender is for notifications that must not be answered.
  rule('bounce', 'null sender with a failure subject', (c) => c.returnPath === '' && FAILURE.test(c.subject)),
  rule('auto-reply', 'null sender', (c) => c.returnPath === ''),
  rule('bulk', 'from a mail daemon', (c) => isDaemon(c)),
  rule('bulk', 'from a no-reply address', (c) => NOREPLY.test(c.from?.address ?? '')),
  rule('auto-reply', 'vacation subject', (c) => VACATION.test(c.subject)),
]

export function findAutomatic(clues: Clues): { automatic: Automatic | null; automaticBy: string | null } {
  const found = RULES.find((one) => one.holds(clues))
  return { automatic: found?.kind ?? null, automaticBy: found?.by ?? null }
}
