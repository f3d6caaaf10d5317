// One look at the main thread from the watchdog's: pauses it as a debugger would, asks who runs, lets it go on. The
// debugger is on for these milliseconds only, because code runs slower under it.
import type { Debugger } from 'node:inspector'
import type { Session } from 'node:inspector/promises'
import { type Running, WHO_RUNS } from './running.js'
import type { Blocked } from './watchdog.js'

export type Found = Omit<Blocked, 'ms'>

export interface LookOptions {
  folders: Readonly<Record<string, string>>
  /** False once the main thread has moved on: whoever runs then is innocent. */
  stillBlocked(): boolean
}

const PATIENCE_MS = 500
const FRAMES = 10

/** Never rejects: without an inspector, in native code and under another debugger nothing is found. */
export async function lookAtMain(options: LookOptions): Promise<Found> {
  let session: Session | undefined
  try {
    // Not every build of Node has an inspector.
    const inspector = await import('node:inspector/promises')
    session = new inspector.Session()
    session.connectToMainThread()
    return await look(session, options)
  } catch {
    return { stack: [] }
  } finally {
    // Takes back a pause that did not happen yet, and ends one that did.
    session?.disconnect()
  }
}

async function look(session: Session, options: LookOptions): Promise<Found> {
  const urls = new Map<string, string>()
  session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url))
  return within(PATIENCE_MS, async () => {
    await session.post('Debugger.enable')
    // Only now: a main thread that stands at somebody's breakpoint says so with `enable`, and must stay there.
    const frames = await pause(session)
    try {
      if (!options.stillBlocked()) return { stack: [] }
      return { ...(await whose(session, frames, urls, options)), stack: stackOf(frames, urls) }
    } finally {
      // Not waited for: both are done before the `disconnect` that follows.
      session.post('Debugger.resume').catch(() => {})
      session.post('Debugger.disable').catch(() => {})
    }
  })
}

function pause(session: Session): Promise<Debugger.CallFrame[]> {
  return new Promise((resolve, reject) => {
    session.once('Debugger.paused', ({ params }) => resolve(params.callFrames))
    session.post('Debugger.pause').catch(reject)
  })
}

async function whose(
  session: Session,
  frames: Debugger.CallFrame[],
  urls: Map<string, string>,
  { folders }: LookOptions,
): Promise<Partial<Running>> {
  const { result } = await session.post('Debugger.evaluateOnCallFrame', {
    callFrameId: frames[0]!.callFrameId,
    expression: WHO_RUNS,
    returnByValue: true,
    silent: true,
  })
  const { plugin, handler } = (result.value ?? {}) as Partial<Running>
  if (plugin) return { plugin, handler: handler ?? '' }
  for (const { location } of frames)
    for (const [name, folder] of Object.entries(folders))
      if (urls.get(location.scriptId)?.startsWith(folder.replace(/\/*$/, '/'))) return { plugin: name }
  return {}
}

const stackOf = (frames: Debugger.CallFrame[], urls: Map<string, string>): string[] =>
  frames.slice(0, FRAMES).map(({ functionName, location }) => {
    const place = `${urls.get(location.scriptId) ?? ''}:${location.lineNumber + 1}`
    return `${functionName || '(anonymous)'} (${place})`
  })

async function within<R>(ms: number, run: () => Promise<R>): Promise<R> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('too late')), ms)
    })
    return await Promise.race([run(), late])
  } finally {
    clearTimeout(timer)
  }
}
