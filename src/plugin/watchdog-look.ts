// One look at the main thread from the watchdog's: pauses it as a debugger would, asks who runs, lets it go on. The
// debugger is on for this look only, because code runs slower under it.
import type { Debugger, Session } from 'node:inspector'
import { WHO_RUNS } from './running.js'
import type { Blocked } from './watchdog.js'

export type Found = Omit<Blocked, 'ms'>

export interface LookOptions {
  folders: Readonly<Record<string, string>>
  /** False once the main thread has moved on: whoever runs then is innocent. */
  stillBlocked(): boolean
  onPaused(): void
  /** Gives up. */
  until: AbortSignal
}

interface Frames {
  frames: Debugger.CallFrame[]
  /** By script. */
  urls: Map<string, string>
}

const FRAMES = 10

/**
 * Native code (a slow query, for instance) is waited for: the first code after it mostly belongs to its caller.
 * Never rejects: without an inspector, or where another debugger has paused, nothing is found.
 */
export async function lookAtMain(options: LookOptions): Promise<Found> {
  let session: Session | undefined
  try {
    // Not every build of Node has an inspector.
    const inspector = await import('node:inspector')
    session = new inspector.Session()
    session.connectToMainThread()
    return await look(session, options)
  } catch {
    return { stack: [] }
  } finally {
    // Turns the debugger off, and takes back a pause that did not happen yet.
    session?.disconnect()
  }
}

async function look(session: Session, options: LookOptions): Promise<Found> {
  const paused = await pause(session, options.until)
  options.onPaused()
  try {
    if (!options.stillBlocked()) return { stack: [] }
    return { ...(await whose(session, paused, options)), stack: stackOf(paused) }
  } finally {
    // Under a second debugger `disconnect` alone would leave it paused.
    session.post('Debugger.resume')
  }
}

function pause(session: Session, until: AbortSignal): Promise<Frames> {
  return new Promise((resolve, reject) => {
    const urls: Frames['urls'] = new Map()
    let enabled = false
    until.addEventListener('abort', reject)
    session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url))
    session.on('Debugger.paused', ({ params }) => {
      // Before `enable` is answered it stands at somebody's breakpoint, and must stay there.
      if (enabled) resolve({ frames: params.callFrames, urls })
      else reject(new Error('paused by another debugger'))
    })
    // Both at once: between two rounds the caller of native code would get away.
    session.post('Debugger.enable', (error) => (error ? reject(error) : (enabled = true)))
    session.post('Debugger.pause')
  })
}

async function whose(
  session: Session,
  { frames, urls }: Frames,
  { folders }: LookOptions,
): Promise<Omit<Found, 'stack'>> {
  // Each would say the same, but Node's own code has no `Symbol`, and a VM context a world of its own.
  const said = await Promise.all(frames.slice(0, FRAMES).map((frame) => running(session, frame)))
  const known = said.find(({ plugin }) => plugin)
  if (known) return known
  for (const { location } of frames)
    for (const [name, folder] of Object.entries(folders))
      if (urls.get(location.scriptId)?.startsWith(folder.replace(/\/*$/, '/'))) return { plugin: name }
  return {}
}

function running(session: Session, { callFrameId }: Debugger.CallFrame): Promise<Omit<Found, 'stack'>> {
  const question = { callFrameId, expression: WHO_RUNS, returnByValue: true, silent: true }
  return new Promise((resolve) => {
    const answered = (error: Error | null, answer: Debugger.EvaluateOnCallFrameReturnType): void =>
      resolve((error || answer.exceptionDetails ? undefined : answer.result.value) ?? {})
    session.post('Debugger.evaluateOnCallFrame', question, answered)
  })
}

const stackOf = ({ frames, urls }: Frames): string[] =>
  frames.slice(0, FRAMES).map(({ functionName, location }) => {
    const place = `${urls.get(location.scriptId) ?? ''}:${location.lineNumber + 1}`
    return `${functionName || '(anonymous)'} (${place})`
  })
