// Text out of a body whose MIME structure is missing, broken or beyond the limits: lines that are clearly
// machinery are left out, the rest is shown. Linear and bounded; better too much than a lost sentence.
import { decodeBytes } from './charset.js'
import { limits } from './limits.js'
import { cleanText } from './strings.js'

const BOUNDARY = /^--[^\s]{1,200}$/
const PART_HEADER = /^(content-[a-z-]{2,30}|mime-version)\s*:/i
const CODED = /^[A-Za-z0-9+/=]{60,}$/

export function salvageText(body: Buffer): string {
  // The end is looked at too: what a person wrote in a deeply nested mail stands in the innermost part.
  const bytes = body.length > limits.salvageBytes ? ends(body) : body
  const kept: string[] = []
  let inHeader = false
  for (const line of cleanText(decodeBytes(bytes)).split('\n')) {
    const start = line.slice(0, limits.patternLine)
    if (PART_HEADER.test(start)) inHeader = true
    else if (inHeader && /^[ \t]/.test(start)) continue
    else {
      inHeader = false
      if (!BOUNDARY.test(start.trimEnd()) && !CODED.test(start)) kept.push(line)
    }
  }
  // Blank lines between dropped lines would make pages of nothing.
  return kept
    .filter((line, i) => line.trim() !== '' || kept[i - 1]?.trim() !== '')
    .join('\n')
    .trim()
}

function ends(body: Buffer): Buffer {
  const half = limits.salvageBytes / 2
  const head = body.subarray(0, half)
  const tail = body.subarray(body.length - half)
  return Buffer.concat([
    head.subarray(0, head.lastIndexOf(0x0a) + 1 || half),
    tail.subarray(tail.indexOf(0x0a) + 1),
  ])
}
