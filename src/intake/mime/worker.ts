// Runs in a worker thread of the pool: one mail in, one InboundMessage out. Its memory is limited by the
// pool, which also ends it when it takes too long.
import { parentPort } from 'node:worker_threads'
import { normalise } from './normalise.js'

parentPort?.on('message', async (raw: Uint8Array) => {
  const message = await normalise(raw)
  const buffers: ArrayBuffer[] = []
  for (const attachment of message.attachments) {
    // Given away, not copied; a view of a larger buffer needs its own, or its neighbours would go with it.
    const own = new Uint8Array(ownBuffer(attachment.content))
    attachment.content = own
    buffers.push(own.buffer)
  }
  parentPort?.postMessage(message, buffers)
})

function ownBuffer(view: Uint8Array): ArrayBuffer {
  const { buffer } = view
  if (buffer instanceof ArrayBuffer && buffer.byteLength === view.byteLength) return buffer
  return new Uint8Array(view).buffer
}
