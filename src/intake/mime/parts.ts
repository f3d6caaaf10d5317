// The MIME structure of a mail: its leaves with their decoded bytes, and which multiparts they hang in. Uses
// mailparser as a stream for boundaries and transfer encodings only; charsets, names and texts are read by
// us.
import { createHash } from 'node:crypto'
import { MailParser } from 'mailparser'
import { charsetParam, type Fields, unfold } from './fields.js'
import { limits } from './limits.js'
import { unpadBoundaries } from './padding.js'
import { type HeaderValue, parseParams } from './params.js'
import { uudecode } from './uudecode.js'
import { decodeWords } from './words.js'

export interface Part {
  type: string
  params: Map<string, string>
  disposition: HeaderValue
  contentId: string | null
  description: string
  content: Buffer
  sha256: string
}

export interface Multipart {
  type: string
  children: (Part | Multipart)[]
}

export interface Structure {
  /** A mail that is one part only is a multipart of one. */
  root: Multipart
  warnings: string[]
}

// What is used of the inside of mailparser and mailsplit, whose versions are pinned; the test 'every leaf of
// the tree arrives with its bytes' says when that no longer holds.
interface SplitNode {
  type: 'node' | 'body' | 'data'
  parentNode?: SplitNode | false
}
interface TreeNode {
  contentType: string | false
  headers: unknown
  headerLines: { key: string; line: string }[]
  children: TreeNode[]
}
interface Inside {
  textTypes: string[]
  tree: TreeNode | false
  splitter: { destroy(): void }
  processChunk(data: SplitNode, done: (err?: Error) => void): void
}
type Contents = Map<unknown, { bytes: Buffer; sha256: string }>
interface Arrival {
  type: 'attachment' | 'text'
  headers: unknown
  checksum: string
  content: NodeJS.ReadableStream
  release(): void
}

const OPTIONS = {
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipImageLinks: true,
  skipTextLinks: true,
  keepDeliveryStatus: true,
  checksumAlgo: 'sha256',
  // Passed on to mailsplit. An attached mail is kept whole and never descended into.
  ignoreEmbedded: true,
  maxHeadSize: limits.partHeaderBytes,
  // Counted by us: mailsplit runs ahead, and its error would take the parts before it along.
  maxChildNodes: Number.MAX_SAFE_INTEGER,
}

const PIECE = 32 * 1024

export async function readStructure(fields: Fields): Promise<Structure> {
  const warnings: string[] = []
  const contents: Contents = new Map()
  const tree = await split(fields, contents, warnings)
  const top = tree ? convert(tree, contents, fields.hint, '') : null
  const root = top && 'children' in top ? top : { type: 'multipart/mixed', children: top ? [top] : [] }
  return { root, warnings }
}

function split(fields: Fields, contents: Contents, warnings: string[]): Promise<TreeNode | false> {
  return new Promise((resolve) => {
    const parser = new MailParser(OPTIONS)
    const inside = parser as unknown as Inside
    // Every leaf comes as bytes, texts too: mailparser would decode them with the label it is given.
    inside.textTypes = []
    let done = false
    const finish = (warning?: string) => {
      if (done) return
      done = true
      if (warning) warnings.push(warning)
      parser.destroy()
      inside.splitter.destroy()
      resolve(inside.tree)
    }
    guard(inside, finish, () => partsLeft(fields.body, inside.tree, contents.size))
    parser.on('data', (arrival: Arrival) => {
      if (arrival.type !== 'attachment') return
      const chunks: Buffer[] = []
      arrival.content.on('data', (chunk: Buffer) => chunks.push(chunk))
      arrival.content.on('end', () => {
        const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
        contents.set(arrival.headers, { bytes, sha256: arrival.checksum })
        arrival.release()
      })
    })
    parser.on('error', (error: Error) => finish(`structure: ${error.message}`))
    parser.on('end', () => finish())
    // Only the MIME headers of the root: the rest is read by us and can be a bomb for the library.
    parser.write(rootHeader(fields))
    // In pieces: mailsplit takes apart all that it is given before anybody can tell it to stop.
    const body = unpadBoundaries(fields.body, fields.first('content-type') ?? '')
    let at = 0
    const feed = () => {
      while (!done && at < body.length) {
        const piece = body.subarray(at, at + PIECE)
        at += PIECE
        if (!parser.write(piece)) return void parser.once('drain', feed)
      }
      if (!done) parser.end()
    }
    feed()
  })
}

/** Ends the parse where it is when the structure goes deeper or wider than the limits. */
function guard(inside: Inside, finish: (warning: string) => void, left: () => number): void {
  const depths = new WeakMap<SplitNode, number>()
  const processChunk = inside.processChunk.bind(inside)
  let nodes = 0
  inside.processChunk = (data, next) => {
    if (data.type === 'node') {
      const depth = data.parentNode ? (depths.get(data.parentNode) ?? 0) + 1 : 0
      depths.set(data, depth)
      if (depth > limits.depth) return finish('nesting-limit')
      if (++nodes > limits.parts) return finish(`parts-limit: ${left()} more`)
    }
    processChunk(data, next)
  }
}

function rootHeader(fields: Fields): string {
  const lines: string[] = []
  for (const name of ['content-type', 'content-transfer-encoding', 'content-disposition', 'content-id']) {
    const value = fields.first(name)
    if (value !== undefined) lines.push(`${name}: ${value.slice(0, 4000)}`)
  }
  return `${lines.join('\r\n')}${lines.length ? '\r\n' : ''}\r\n`
}

function partsLeft(body: Buffer, tree: TreeNode | false, seen: number): number {
  const boundary = tree
    ? parseParams(headerReader(tree, null)('content-type')).params.get('boundary')
    : undefined
  if (!boundary) return 0
  const mark = Buffer.from(`\n--${boundary}`)
  let count = 0
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) count++
  return Math.max(0, count - seen)
}

function convert(
  node: TreeNode,
  contents: Contents,
  hint: string | null,
  parent: string,
): Part | Multipart | null {
  const content = contents.get(node.headers)
  if (content !== undefined) return toPart(node, content, hint, parent)
  const type = node.contentType || 'multipart/mixed'
  const children = node.children
    .map((child) => convert(child, contents, hint, type))
    .filter((child) => child !== null)
  return children.length > 0 ? { type, children } : null
}

function toPart(
  node: TreeNode,
  content: { bytes: Buffer; sha256: string },
  hint: string | null,
  parent: string,
): Part {
  const header = headerReader(node, hint)
  const { value, params } = parseParams(header('content-type'))
  const encoding = header('content-transfer-encoding').toLowerCase()
  const bytes = /^(x-)?uue?(ncode)?$/.test(encoding) ? uudecode(content.bytes) : content.bytes
  return {
    // RFC 2045 §5.2: what has no type that can be read is plain text; mailsplit guesses better by file name.
    // RFC 2046 §5.1.5: in a digest it is a mail.
    type: /^[\w.+-]+\/[\w.+-]+$/.test(value)
      ? value
      : parent === 'multipart/digest'
        ? 'message/rfc822'
        : node.contentType || 'text/plain',
    params,
    disposition: parseParams(header('content-disposition')),
    contentId:
      header('content-id')
        .replace(/[<>\s]/g, '')
        .slice(0, limits.line) || null,
    description: decodeWords(header('content-description')),
    content: bytes,
    sha256: bytes === content.bytes ? content.sha256 : createHash('sha256').update(bytes).digest('hex'),
  }
}

/** Headers of a part. mailsplit hands the lines as one character per byte. */
function headerReader(node: TreeNode, hint: string | null): (name: string) => string {
  const raw = (name: string) => {
    const line = node.headerLines.find((one) => one.key === name)?.line
    return line === undefined ? undefined : Buffer.from(line.slice(line.indexOf(':') + 1), 'latin1')
  }
  const charset = charsetParam(raw('content-type')) ?? hint
  return (name) => {
    const value = raw(name)
    return value ? unfold(value, charset) : ''
  }
}

export function leavesOf(node: Multipart): Part[] {
  return node.children.flatMap((child) => ('children' in child ? leavesOf(child) : [child]))
}
