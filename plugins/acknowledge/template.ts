// From a text of the administrator to the text that is sent. The answer is plain text, so there is no markup to
// escape; what must not get through is another mail's worth of outside words.

export const VALUES = ['ticket.number', 'ticket.subject', 'requester.name', 'desk'] as const
export type Values = Readonly<Record<(typeof VALUES)[number], string>>

/** A text that names any other value is refused when it is saved, not found out by a customer. */
export const ONLY_VALUES = `^(?![\\s\\S]*\\{\\{(?!(?:${VALUES.join('|').replaceAll('.', '\\.')})\\}\\}))`

/** One pass: a `{{…}}` inside a value is never looked at. An empty value takes the blank before it along. */
export function render(template: string, values: Values): string {
  return template.replace(/( ?)\{\{([\w.]+)\}\}/g, (_all, blank: string, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name as keyof Values] : ''
    return value === '' ? '' : blank + value
  })
}

/** IDNA takes these for a dot too, and so does a browser. */
const LINK = /:\/\/|^www[.。．｡]|@|[.。．｡]\p{L}{2,}/iu
const MOST = 80

/**
 * What somebody outside wrote, fit to be repeated: one line without control, format and bidirectional
 * characters, short, and without anything that a mail program makes a link of.
 */
export function neutralise(text: string): string {
  const words = text
    .slice(0, 1000)
    .replace(/\p{Cf}/gu, '')
    .replace(/\p{C}/gu, ' ')
    .split(/\s+/)
  const shown = words
    .map((word) => (LINK.test(word) ? '…' : word))
    .join(' ')
    .trim()
  const letters = [...shown]
  return letters.length > MOST ? `${letters.slice(0, MOST - 1).join('')}…` : shown
}

/** A contact without a name has its address for one. */
export const nameOf = (name: string): string => {
  const shown = neutralise(name)
  return shown.includes('…') ? '' : shown
}
