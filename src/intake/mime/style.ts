// Inline styles of mails: a small list of properties that only change how a text looks. Nothing that loads
// (url), hides the page around it (position) or is read in two ways (escapes, comments) gets through.

const PROPERTIES = new Set([
  'background',
  'background-color',
  'border',
  'border-bottom',
  'border-bottom-color',
  'border-bottom-style',
  'border-bottom-width',
  'border-collapse',
  'border-color',
  'border-left',
  'border-left-color',
  'border-left-style',
  'border-left-width',
  'border-radius',
  'border-right',
  'border-right-color',
  'border-right-style',
  'border-right-width',
  'border-spacing',
  'border-style',
  'border-top',
  'border-top-color',
  'border-top-style',
  'border-top-width',
  'border-width',
  'color',
  'direction',
  'font',
  'font-family',
  'font-size',
  'font-style',
  'font-variant',
  'font-weight',
  'height',
  'letter-spacing',
  'line-height',
  'list-style-type',
  'margin',
  'margin-bottom',
  'margin-left',
  'margin-right',
  'margin-top',
  'max-width',
  'min-width',
  'padding',
  'padding-bottom',
  'padding-left',
  'padding-right',
  'padding-top',
  'text-align',
  'text-decoration',
  'text-indent',
  'text-transform',
  'vertical-align',
  'white-space',
  'width',
  'word-break',
  'word-wrap',
])
/**
 * No brackets but those of colours, no backslash, no comment, no negative length that moves text onto other
 * text.
 */
const VALUE = /^(?:[\w\s#%.,'"/+!]|\b-\b|\brgba?\([\d\s.,%]{1,40}\))+$/

export function cleanStyle(style: string): string {
  if (style.length > 4000) return ''
  let out = ''
  for (const declaration of style.split(';')) {
    const colon = declaration.indexOf(':')
    if (colon < 1) continue
    const property = declaration.slice(0, colon).trim().toLowerCase()
    if (!PROPERTIES.has(property)) continue
    const value = declaration.slice(colon + 1).trim()
    if (value.length > 0 && value.length <= 200 && VALUE.test(value))
      out += `${out ? ';' : ''}${property}:${value}`
  }
  return out
}
