// Files from outside, handed to a browser: never run, never sniffed, never under a name that could break a header.
import type { FastifyReply } from 'fastify'
import type { Blobs } from '../blobs/blobs.js'

/** What a browser shows without running anything; all else is a plain download. */
const HARMLESS = /^(image\/(png|jpeg|gif|webp)|text\/plain|application\/pdf|audio\/[\w.+-]+|video\/[\w.+-]+)$/

export async function serveFile(
  reply: FastifyReply,
  blobs: Blobs,
  file: { filename: string; contentType: string; hash: string; size: number },
) {
  // Before any header: what cannot be read gets an answer of its own.
  const content = await blobs.stream(file.hash)
  const type = HARMLESS.test(file.contentType) ? file.contentType : 'application/octet-stream'
  return reply
    .header('content-disposition', contentDisposition(file.filename))
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .header('cache-control', 'private, max-age=86400, immutable')
    .header('content-length', file.size)
    .type(type)
    .send(content)
}

/** RFC 6266: a plain fallback, and the real name in UTF-8. */
export function contentDisposition(filename: string): string {
  const plain = filename.replace(/[^\w. -]/g, '_').slice(0, 150) || 'file'
  const encoded = encodeURIComponent(filename.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
