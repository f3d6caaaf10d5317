// Bytes to text. Labels are read as browsers do (WHATWG Encoding §4.2) with the usual supersets, because mail
// says gb2312 and means gb18030. Never throws: the worst that comes out is U+FFFD or windows-1252.
import { isAscii, isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'

/** Labels that say nothing; RFC 1428 §3 and what clients write when they do not know. */
const UNDECLARED =
  /^$|^(us-?)?ascii$|^ansi_x3|^iso-?646|unknown|^x-user-defined$|^default|^[78]bit$|^binary$|^none$/
const SUPERSETS: [RegExp, string][] = [
  [/^utf-?8|^unicode-1-1-utf-8$|^cp-?65001$/, 'utf-8'],
  [/^(x-)?gb|^cp936$|^ms936$|^chinese$|^csgb|^euc-?cn/, 'gb18030'],
  [/^ks_?c|^(cs)?euc-?kr|^korean$|^windows-949$|^(cp|ms)949$|^ksc/, 'cp949'],
  [/^(cs)?iso-?2022-?jp|^jis$|^(cp|ms)5022/, 'iso-2022-jp'],
  [/^shift[-_]?jis|^(ms_kanji|sjis|x-sjis|csshiftjis|windows-31j|cp932|ms932)$/, 'shift_jis'],
  [/^(x-)?euc-?jp|^cseucpkdfmtjapanese$/, 'euc-jp'],
  [/^(x-x-|cs)?big5|^cn-big5$|^(cp|ms)950$/, 'big5'],
  [
    /^(iso-?8859-?1|iso_8859-1.*|l1|latin-?1|csisolatin1|ibm819|(cp|win|windows)[-_]?1252|ansi)$/,
    'windows-1252',
  ],
  [/^(iso-?8859-?9|latin-?5|l5|csisolatin5|(cp|win)[-_]?1254)$/, 'windows-1254'],
  [/^(iso-?8859-?11|tis-?620|(cp|ms)874)$/, 'windows-874'],
  [/^iso-?8859-?8-[ie]$/, 'iso-8859-8'],
]
/** Where one byte is one character: valid UTF-8 with such a label is a wrong label, not an accident. */
const SINGLE_BYTE = /^(windows-|iso-?8859|cp?12|koi8|mac|ibm|cp[48]|latin)/

/** 0x80–0x9f of windows-1252; the unassigned five stay controls, as browsers have it. */
const CP1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

export function normaliseLabel(label: string | null | undefined): string {
  // RFC 2231 §5: a language may follow the charset in an encoded word.
  const name = (label ?? '')
    .toLowerCase()
    .split('*', 1)[0]!
    .replace(/[\s"']/g, '')
    .slice(0, 60)
  if (UNDECLARED.test(name)) return ''
  for (const [pattern, superset] of SUPERSETS) if (pattern.test(name)) return superset
  return name
}

export function decodeBytes(bytes: Buffer, label?: string | null): string {
  const ascii = isAscii(bytes)
  if (ascii && !label) return bytes.toString('latin1')
  const charset = normaliseLabel(label)
  if (ascii && !/2022|^hz|^utf-?(7|16|32)/.test(charset)) return bytes.toString('latin1')
  const utf8 = isUtf8(bytes)
  if (charset === '' || charset === 'utf-8') return utf8 ? dropBom(bytes.toString()) : notUtf8(bytes, charset)
  if (utf8 && !ascii && SINGLE_BYTE.test(charset)) return dropBom(bytes.toString())
  if (utf8 && !ascii && charset === 'iso-2022-jp') return bytes.toString()
  // Text in one byte per character sent under a two-byte label by mistake has no zero bytes.
  if (utf8 && /^utf-?(16|32)/.test(charset) && !bytes.includes(0)) return bytes.toString()
  const text = decodeLabelled(bytes, charset)
  if (text === null) return utf8 ? bytes.toString() : windows1252(bytes)
  return utf8 && !ascii && text.includes('\ufffd') ? bytes.toString() : text
}

function decodeLabelled(bytes: Buffer, charset: string): string | null {
  if (charset === 'windows-1252') return windows1252(bytes)
  try {
    if (charset === 'iso-2022-jp') {
      // Said to be JIS, which is 7-bit, and is Shift_JIS: a known habit of old Japanese programs.
      return isAscii(bytes) ? new TextDecoder(charset).decode(bytes) : iconv.decode(bytes, 'shift_jis')
    }
    return iconv.encodingExists(charset) ? dropBom(iconv.decode(bytes, charset)) : null
  } catch {
    return null
  }
}

function notUtf8(bytes: Buffer, charset: string): string {
  if (charset === '') return windows1252(bytes)
  // Said to be UTF-8 and is not: when not one sequence of it is valid, the label is wrong.
  const text = bytes.toString()
  return /[\u0080-\ufffc]/.test(text) ? text : windows1252(bytes)
}

function windows1252(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  return text.replace(/[\x80-\x9f]/g, (c) => CP1252[c.charCodeAt(0) - 0x80]!)
}

function dropBom(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** HTML that says its charset itself (HTML §13.2.3.2 looks at the first 1024 bytes). */
export function htmlCharset(bytes: Buffer): string | null {
  return /charset\s{0,5}=\s{0,5}["']?([\w.:-]{2,40})/i.exec(bytes.toString('latin1', 0, 1024))?.[1] ?? null
}
