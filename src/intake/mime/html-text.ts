// The plain text of an HTML mail: for the ticket's text, search and the reply splitter. html-to-text does it
// well and without bounds, so large or deep HTML, and whatever makes it throw, goes through a simple linear
// stripper.
import { compile } from 'html-to-text'
import { tooMuch } from './html.js'
import { limits } from './limits.js'
import { cleanText, cut } from './strings.js'

const convert = compile({
  wordwrap: false,
  preserveNewlines: false,
  selectors: [
    // The address is in the text already; its link would tear `<address>` apart for the reply splitter.
    { selector: 'a[href^="mailto:"]', format: 'anchor', options: { ignoreHref: true } },
    {
      selector: 'a',
      options: { hideLinkHrefIfSameAsText: true, ignoreHref: false, linkBrackets: ['<', '>'] },
    },
    { selector: 'img', format: 'skip' },
    { selector: 'h1', options: { uppercase: false } },
    { selector: 'h2', options: { uppercase: false } },
    { selector: 'h3', options: { uppercase: false } },
    { selector: 'h4', options: { uppercase: false } },
    { selector: 'h5', options: { uppercase: false } },
    { selector: 'h6', options: { uppercase: false } },
    { selector: 'p', options: { leadingLineBreaks: 1, trailingLineBreaks: 2 } },
    { selector: 'table', options: { uppercaseHeaderCells: false } },
  ],
})

export function htmlToPlainText(html: string): string {
  // Every level of a list or quote indents all lines in it: the text can grow to many times the HTML.
  if (tooMuch(html, limits.htmlTextDepth) === null) {
    try {
      return cut(cleanText(convert(html)).replace(/\u00a0/g, ' '), limits.textBytes)
    } catch {
      // Falls through: some text is better than none.
    }
  }
  return stripTags(html)
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
const BREAKS = /^\/?(?:p|div|br|tr|li|h[1-6]|blockquote|table|ul|ol|hr)\b/i

/** Linear whatever it is given: no pattern here looks further than one tag name. */
export function stripTags(html: string): string {
  const lower = html.toLowerCase()
  const out: string[] = []
  let length = 0
  let at = 0
  while (at < html.length && length < limits.textBytes) {
    const open = html.indexOf('<', at)
    const until = open < 0 ? html.length : open
    if (until > at) out.push(html.slice(at, until))
    length += until - at
    if (open < 0) break
    at = afterTag(html, lower, open, out)
  }
  const lines = entities(cut(out.join(''), limits.textBytes))
    .split('\n')
    .map((line) => line.trim())
  return cleanText(lines.filter((line) => line !== '').join('\n'))
}

function afterTag(html: string, lower: string, open: number, out: string[]): number {
  const head = lower.slice(open + 1, open + 12)
  const skipped = /^(?:!--|script\b|style\b)/.exec(head)?.[0]
  if (skipped) {
    const end = lower.indexOf(skipped === '!--' ? '-->' : `</${skipped}`, open + 4)
    const close = end < 0 ? -1 : html.indexOf('>', end)
    return close < 0 ? html.length : close + 1
  }
  if (!/^[/!?a-z]/.test(head)) {
    out.push('<')
    return open + 1
  }
  if (BREAKS.test(head)) out.push('\n')
  const close = html.indexOf('>', open)
  return close < 0 ? html.length : close + 1
}

function entities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi,
    (all, decimal, hexadecimal, name) => {
      if (name) return ENTITIES[String(name).toLowerCase()] ?? all
      const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16)
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
    },
  )
}
