// Answers of plugins that are text and not JSON: whole, or a stream of which only a piece is in memory.
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { contentDisposition } from './download.js'

/** Rows are small: sent one by one, each would be a write to the socket. */
const PIECE = 16_384

export interface TextAnswer {
  produces: string
  filename: string | undefined
}

/** What was thrown before the first piece is still answered as an error; later it cuts the connection. */
export async function sendText(
  reply: FastifyReply,
  { produces, filename }: TextAnswer,
  body: unknown,
): Promise<unknown> {
  const text = typeof body === 'string' ? body : await begun(body)
  reply
    .type(produces)
    .header('x-content-type-options', 'nosniff')
    // Whatever it says it is: a browser shows it without running anything in the name of the desk.
    .header('content-security-policy', "default-src 'none'; sandbox")
  if (filename !== undefined) reply.header('content-disposition', contentDisposition(filename))
  return reply.send(text)
}

async function begun(body: unknown): Promise<Readable> {
  if (!isTexts(body))
    throw new Error('a route that `produces` must answer a string or an AsyncIterable of strings')
  const pieces = inPieces(body)
  const first = await pieces.next()
  async function* all() {
    if (first.done) return
    yield first.value
    // Cut off by the client, it ends what it reads from as well.
    yield* pieces
  }
  return Readable.from(all(), { objectMode: false })
}

async function* inPieces(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = ''
  for await (const text of texts) {
    piece += text
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

const isTexts = (body: unknown): body is AsyncIterable<string> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body
