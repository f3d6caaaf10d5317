// What mail programs write around quotes and under messages, in the languages of their users. Each pattern is
// tried on one line (or a few joined ones) of bounded length, and none of them can backtrack far.

const words = (list: string) => list.split('|').map((word) => word.trim())

/** How a line that announces a quote begins: "On …", "Le …", a weekday or a date. */
export const INTRO_START =
  /^[\s*_-]*(?:(?:on|at|am|le|el|il|op|den|på|em|dne|dňa|dnia|w dniu|in data|vào|pada|kl|a|dana|la|den|ons?|tir|man|tor|fre|lør|søn|lör|sön|tis|mån|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|пн|вт|ср|чт|пт|сб|вс|нд)\b|(?:пн|вт|ср|чт|пт|сб|вс|нд|在|於|于)|\d{1,4}[\s./:年-]|\d{1,2}\s)/iu

/** "wrote", with the forms that stand before or after the name. */
const WROTE =
  /(?:^|[\s>)"'*,])(?:wrote|writes|sent|schrieb|geschrieben|a écrit|écrit|escribió|escribio|ha scritto|scrive|schreef|geschreven|skrev|skrifaði|escreveu|napsala?|napsal\(a\)|napísala?|napísal\(a\)|napisała?|napisał\(a\)|napisao je|kirjoitti|yazdı|írta|έγραψε|a scris|đã viết|menulis|написала?|пише|пишет|написав|написа|כתב)(?=[\s:：,*]|$)|写道|寫道|写|書きました|のメール|님이 작성/iu
/** "you wrote" is what a person says, too. */
export const YOU_WROTE = /\byou (?:wrote|said)\s*:\s*$/i
const ADDRESS = /[<("[]\s{0,2}(?:mailto:)?[^\s<>@()"]{1,120}@[^\s<>@()"]{1,200}/
const ENDS_WITH_ADDRESS = /@[^\s<>@]{1,200}[>)\]"]{1,3}\s*[:：]$/
const TIME = /\d{1,2}[:.h]\d{2}/
const DATE = /\d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}|\d{1,2}[:.]\d{2}/
/** Gmail without a colon: "2016-03-03 17:21 GMT+01:00 Some One". */
const GMAIL_DATE = /^\d{4}-\d{2}-\d{2} \d{1,2}:\d{2} GMT[+-]\d{1,2}:\d{2} .{1,100}$/

/** Is this line, or these lines joined, the announcement of a quote? */
export function isIntro(line: string): boolean {
  const text = line.trim()
  if (GMAIL_DATE.test(text)) return true
  const last = text.at(-1)
  if (last !== ':' && last !== '：') return false
  const starts = INTRO_START.test(text)
  if (WROTE.test(text)) return ADDRESS.test(text) || (starts && DATE.test(text))
  return starts && TIME.test(text) && ENDS_WITH_ADDRESS.test(text)
}

const ORIGINAL = words(
  "original message|original appointment|ursprüngliche nachricht|originalnachricht|original-nachricht|message d'origine|" +
    'message d’origine|message original|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht|' +
    'oprindelig besked|oprindelig meddelelse|opprinnelig melding|ursprungligt meddelande|originalmeddelande|' +
    'wiadomość oryginalna|oryginalna wiadomość|původní zpráva|původní e-mail|alkuperäinen viesti|eredeti üzenet|' +
    'исходное сообщение|оригинальное сообщение|вихідне повідомлення|orijinal mesaj|原始邮件|原始郵件|邮件原件|元のメッセージ|원본 메시지',
)
const ORIGINAL_LINE = new RegExp(
  `^[\\s>*]*[-_=–—]{2,}[\\s*]*(?:${ORIGINAL.join('|')})[\\s*]*[-_=–—]{2,}[\\s*]*$`,
  'iu',
)

export function isOriginalMessage(line: string): boolean {
  return ORIGINAL_LINE.test(line)
}

const HEADER_NAMES: Record<string, string[]> = {
  from: words(
    'from|von|de|da|van|fra|från|od|от|від|kimden|gönderen|lähettäjä|feladó|expéditeur|mittente|từ|寄件者|发件人|發件人|差出人|보낸 사람',
  ),
  date: words(
    'sent|date|gesendet|gesendet am|datum|envoyé|envoyé le|enviado|enviado el|enviado em|enviada em|fecha|data|inviato|verzonden|sendt|dato|skickat|' +
      'wysłano|odesláno|отправлено|дата|надіслано|lähetetty|päivämäärä|gönderildi|tarih|küldve|đã gửi|发送时间|發送時間|日期|送信日時|日時|보낸 날짜',
  ),
  to: words(
    'to|an|à|a|para|aan|til|till|do|komu|кому|kime|vastaanottaja|címzett|đến|收件人|收件者|宛先|받는 사람',
  ),
  cc: words('cc|kopie|copie|cópia|kopia|копия|抄送|副本'),
  subject: words(
    'subject|betreff|objet|asunto|assunto|oggetto|onderwerp|emne|ämne|temat|předmět|predmet|тема|aihe|konu|tárgy|chủ đề|主题|主旨|件名|제목',
  ),
  replyTo: words('reply-to|antwort an|répondre à|responder a|rispondi a|risposta|beantwoorden'),
}
const KINDS = new Map(
  Object.entries(HEADER_NAMES).flatMap(([kind, names]) => names.map((name) => [name, kind] as const)),
)
const HEADER_LINE = /^[\s>*|]{0,20}([\p{L}][\p{L}\s-]{0,20}?)\s{0,3}\*{0,2}\s?[:：]/u

/** from, date, to, cc, subject or replyTo when the line looks like such a header in any language. */
export function headerKind(line: string): string | undefined {
  const name = HEADER_LINE.exec(line)?.[1]
  return name === undefined ? undefined : KINDS.get(name.trim().toLowerCase())
}

const DEVICE =
  '(?:i?phone|i?pad|ipod|android|samsung|galaxy|huawei|xiaomi|oneplus|nokia|pixel|htc|blackberry|outlook|hotmail|gmail|yahoo|mail\\b|mailbox|airmail|sparrow|proton|' +
  'windows|mobil|handy|smartphone|tel[eé]|device|cell|tablet|workspace|spark|thunderbird|k-9|aqua|alcatel|ti-85|gsm|tel\\.)'
const MOBILE = new RegExp(
  '^[\\s\\p{P}\\p{S}]{0,4}(?:' +
    [
      `sent (?:from|via|with|by|using)\\b[^.]{0,60}${DEVICE}`,
      'sent from my .{2,60}',
      `from my ${DEVICE}`,
      '[\\p{L} ]{2,30} from mobile',
      `(?:envoyé|envoyée) (?:depuis|de|à partir|avec|via)\\b.{0,40}${DEVICE}`,
      `von (?:meinem|unterwegs|mobil).{0,40}gesendet`,
      `(?:gesendet|verschickt) (?:von|mit|über|via|aus)\\b.{0,60}${DEVICE}`,
      'diese (?:nachricht|e-?mail) wurde von mein.{0,80}gesendet',
      `(?:verzonden|verstuurd) (?:met|vanaf|van|via)\\b.{0,60}${DEVICE}`,
      `(?:enviado|enviada) (?:desde|do|de|a partir|via|con)\\b.{0,60}${DEVICE}`,
      `inviato (?:da|dal|con)\\b.{0,60}${DEVICE}`,
      `(?:sendt|sent|skickat|sänt|lähetetty) (?:fra|från|via|med|min)?\\b.{0,60}${DEVICE}`,
      `wysłan[eoya] z\\b.{0,60}`,
      `odesláno (?:z|ze|pomocí)\\b.{0,60}`,
      '(?:отправлено|надіслано|послано) (?:с|из|з|со|мобильн).{0,60}',
      '(?:get|download|obtenez|obtenir|holen sie sich|laden sie|scarica|descarga|obtener|baixe|hämta|hent|download) .{0,10}outlook (?:for|für|pour|per|para|voor|til) .{2,40}',
      'outlook (?:for|für|pour) (?:ios|android)',
      '(?:發自|发自|從我的|从我的).{1,40}',
      '.{1,30}(?:から送信|에서 보냄)',
    ].join('|') +
    ')',
  'iu',
)

export function isMobileLine(line: string): boolean {
  return line.length <= 160 && MOBILE.test(line)
}

const PHONE = /\+?\(?\d[\d\s()./-]{6,20}\d/
const CONTACT = /[^\s@]{1,64}@[^\s@]{1,100}\.\w|\bwww\.|https?:\/\/|\b(?:tel|fax|phone|mobile?|skype)\b/i

export function isContactLine(line: string): boolean {
  return line.length <= 120 && (CONTACT.test(line) || PHONE.test(line))
}
