// HTML of a mail made safe to show: an allowlist by sanitize-html behind a linear check of size and depth,
// since 100,000 nested tags take a parser minutes. Pictures of other hosts are set aside, not loaded: a mail
// must not tell its sender that it was opened. The console shows the result in a sandboxed frame on top of
// that.
import sanitize from 'sanitize-html'
import { limits } from './limits.js'
import { cleanStyle } from './style.js'

// The library looks a tag up by going through the list: the common ones come first.
const TAGS = (
  'p div br span td tr table a b li font tbody img strong i ul blockquote u em h1 h2 h3 h4 h5 h6 hr center ol pre abbr ' +
  'acronym address article aside bdi bdo big caption cite code col colgroup dd del dfn dl dt figcaption figure footer ' +
  'header ins kbd main mark nav q s samp section small strike sub sup tfoot th thead time tt var wbr'
).split(' ')
/** Never closed, or closed by what follows: they do not nest however often they are opened. */
const FLAT = new Set(
  'area base br col embed hr img input link meta param source track wbr p li td tr th dt dd option'.split(
    ' ',
  ),
)

const NO_TEXT = 'script style textarea option title xmp iframe noembed noframes plaintext'.split(' ')

const OPTIONS: sanitize.IOptions = {
  allowedTags: TAGS,
  allowedAttributes: {
    '*': ['style', 'dir', 'lang', 'title', 'align', 'valign', 'width', 'height', 'bgcolor'],
    a: ['href', 'rel', 'target'],
    blockquote: ['type'],
    col: ['span'],
    colgroup: ['span'],
    font: ['color', 'face', 'size'],
    img: ['src', 'data-remote-src', 'alt'],
    ol: ['start', 'type'],
    table: ['border', 'cellpadding', 'cellspacing'],
    td: ['colspan', 'rowspan', 'nowrap'],
    th: ['colspan', 'rowspan', 'nowrap'],
    ul: ['type'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['cid'] },
  allowedSchemesAppliedToAttributes: ['href', 'src'],
  allowProtocolRelative: false,
  // Styles are cleaned by ourselves: the CSS parser behind this option costs more than all the rest.
  parseStyleAttributes: false,
  disallowedTagsMode: 'discard',
  // No text for readers, or markup to one parser and text to the next. Not svg: left open, it would take the
  // rest of the mail along.
  nonTextTags: NO_TEXT,
  nestingLimit: limits.htmlDepth,
}

export interface CleanHtml {
  html: string
  warnings: string[]
}

export function sanitizeHtml(raw: string): CleanHtml {
  const refusal = tooMuch(raw)
  if (refusal) return { html: '', warnings: [refusal] }
  const warnings = new Set<string>()
  const html = sanitize(raw.replaceAll('\0', ''), { ...OPTIONS, transformTags: transforms(warnings) })
  return { html: html.trim(), warnings: [...warnings] }
}

function transforms(warnings: Set<string>): NonNullable<sanitize.IOptions['transformTags']> {
  const style = (attribs: sanitize.Attributes) => {
    if (attribs.style !== undefined) {
      const clean = cleanStyle(attribs.style)
      if (clean) attribs.style = clean
      else delete attribs.style
    }
  }
  return {
    '*': (tagName, attribs) => {
      style(attribs)
      return { tagName, attribs }
    },
    a: (tagName, attribs) => {
      // Only whole addresses: in a mail there is nothing that a relative one could be relative to, and what
      // the library takes for relative may be a scheme to a browser that skips odd blanks.
      if (/^(?:https?|mailto|tel):/i.test(attribs.href ?? '')) {
        attribs.target = '_blank'
        attribs.rel = 'noopener noreferrer nofollow'
      } else {
        delete attribs.href
        delete attribs.target
        delete attribs.rel
      }
      return { tagName, attribs }
    },
    img: (tagName, attribs) => {
      delete attribs['data-remote-src']
      const src = (attribs.src ?? '').trim()
      if (/^(https?:)?\/\//i.test(src)) {
        delete attribs.src
        attribs['data-remote-src'] = src.startsWith('//') ? `https:${src}` : src
      } else if (/^data:/i.test(src)) {
        delete attribs.src
        warnings.add('data-image-removed')
      } else if (!/^cid:/i.test(src)) {
        // A relative one would be asked from the desk itself, and be a file to whoever prints the page.
        delete attribs.src
      }
      return { tagName, attribs }
    },
  }
}

/** One linear pass over the tags. Returns the warning that refuses the HTML, or null. */
export function tooMuch(html: string, deepest: number = limits.htmlDepth): string | null {
  if (html.length > limits.htmlBytes) return 'html-too-large'
  let tags = 0
  let depth = 0
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at + 1)) {
    if (++tags > limits.htmlTags) return 'html-too-many-tags'
    const closing = html[at + 1] === '/'
    const name = tagName(html, closing ? at + 2 : at + 1)
    if (name === '' || FLAT.has(name)) continue
    depth = closing ? Math.max(0, depth - 1) : depth + 1
    if (depth > deepest) return 'html-too-deep'
  }
  return null
}

function tagName(html: string, at: number): string {
  let end = at
  while (end < at + 20 && isWord(html.charCodeAt(end))) end++
  return html.slice(at, end).toLowerCase()
}

function isWord(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)
}
