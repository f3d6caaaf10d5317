// Cleaning of every string that leaves the parser: PostgreSQL refuses NUL in text and lone surrogates in
// jsonb, and names with control or direction characters would lie in every list that shows them.

/** For texts: no NUL, no lone surrogate, line ends as \n. */
export function cleanText(text: string): string {
  let out = text
  if (out.includes('\r')) out = out.replace(/\r\n?/g, '\n')
  if (out.includes('\0')) out = out.replaceAll('\0', '')
  return wellFormed(out)
}

/** For subjects and other single lines: controls become blanks, runs of blanks one. */
export function cleanLine(text: string, max: number): string {
  const line = wellFormed(text.replace(/[\u0000-\u0020\u007f-\u009f\u2028\u2029]+/g, ' ')).trim()
  return cut(line, max)
}

/**
 * For names that people judge others by: also without zero-width and bidirectional controls, so that
 * `gro.knab@…` written backwards is seen as what it is. (U+200C and U+200D are kept: Persian and emoji need
 * them.)
 */
export function cleanName(text: string, max: number): string {
  return cleanLine(text.replace(/[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u061c\ufeff\u00ad]/g, ''), max)
}

/** Cuts without leaving half of a surrogate pair behind. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  const last = text.charCodeAt(max - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max)
}

function wellFormed(text: string): string {
  // With the u flag a pair is one code point, so only lone halves match.
  return /[\ud800-\udfff]/.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text
}
