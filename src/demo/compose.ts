// A demo mail as its sender's program would have written it: in the charset given, encoded words in the header.
import iconv from 'iconv-lite'
import type { DemoMail } from './mails.js'

const idOf = (id: string) => `<${id}.demo@guest.example>`

export function composeDemo(mail: DemoMail, to: string, date: Date): Buffer {
  const charset = mail.charset ?? 'utf-8'
  const header = [
    `From: ${word(mail.from[0], charset)} <${mail.from[1]}>`,
    `To: <${to}>`,
    `Subject: ${word(mail.subject, charset)}`,
    `Message-ID: ${idOf(mail.id)}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    ...(mail.answers ? [`In-Reply-To: ${idOf(mail.answers)}`, `References: ${idOf(mail.answers)}`] : []),
    ...Object.entries(mail.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    'MIME-Version: 1.0',
  ]
  const parts = [part('text/plain', charset, mail.text)]
  if (mail.html) parts.push(part('text/html', charset, mail.html))
  if (mail.attachment) {
    const { filename, contentType, text } = mail.attachment
    parts.push([
      `Content-Disposition: attachment; filename="${filename}"`,
      ...part(contentType, 'utf-8', text),
    ])
  }
  return Buffer.from([...header, ...body(parts, mail.html ? 'alternative' : 'mixed')].join('\r\n'), 'latin1')
}

const part = (type: string, charset: string, text: string): string[] => [
  `Content-Type: ${type}; charset=${charset}`,
  'Content-Transfer-Encoding: base64',
  '',
  iconv.encode(text, charset).toString('base64').replace(/.{76}/g, '$&\r\n'),
]

function body(parts: string[][], kind: 'alternative' | 'mixed'): string[] {
  if (parts.length === 1) return parts[0]!
  const edge = 'demo-part'
  return [
    `Content-Type: multipart/${kind}; boundary="${edge}"`,
    '',
    ...parts.flatMap((lines) => [`--${edge}`, ...lines]),
    `--${edge}--`,
    '',
  ]
}

/** RFC 2047 §2: an encoded word holds at most 75 characters, so longer texts become several. */
function word(text: string, charset: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  return (text.match(/.{1,8}/gu) ?? [])
    .map((piece) => `=?${charset}?B?${iconv.encode(piece, charset).toString('base64')}?=`)
    .join('\r\n ')
}
