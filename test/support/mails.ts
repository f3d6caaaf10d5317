// Mails for tests, built from what a test says about them.
export interface MailOptions {
  from?: string
  to?: string
  subject?: string
  id?: string | null
  headers?: Record<string, string>
  text?: string
}

let count = 0

export function mail({
  from = 'Ann <ann@guest.example>',
  to = 'support@desk.example',
  ...rest
}: MailOptions = {}): string {
  const {
    subject = 'Cold shower',
    id = `m${++count}@guest.example`,
    headers = {},
    text = 'It stays cold.',
  } = rest
  const lines = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    'Date: Tue, 03 Mar 2026 09:00:00 +0000',
    ...(id === null ? [] : [`Message-ID: <${id}>`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${text}\r\n`
}
