// Runs in a worker thread of the pool: one mail in, one InboundMessage out, strictly in turn. Its memory is limited
// by the pool, which also ends it when it takes too long.
import { parentPort } from 'node:worker_threads'
import { normalise } from './normalise.js'

// The pool times the first of the line and blames it for what happens: side by side, that could be another one.
let last: Promise<void> = Promise.resolve()
parentPort?.on('message', (task: { id: number; raw: Uint8Array }) => {
  last = last.then(() => answer(task))
})

async function answer({ id, raw }: { id: number; raw: Uint8Array }): Promise<void> {
  const message = await normalise(raw)
  const buffers: ArrayBuffer[] = []
  for (const attachment of message.attachments) {
    // Given away, not copied; a view of a larger buffer needs its own, or its neighbours would go with it.
    const own = new Uint8Array(ownBuffer(attachment.content))
    attachment.content = own
    buffers.push(own.buffer)
  }
  parentPort?.postMessage({ id, message }, buffers)
}

function ownBuffer(view: Uint8Array): ArrayBuffer {
  const { buffer } = view
  if (buffer instanceof ArrayBuffer && buffer.byteLength === view.byteLength) return buffer
  return new Uint8Array(view).buffer
}
