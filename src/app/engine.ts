// The job engine that the configuration asks for.
import type { Config } from '../config.js'
import type { Engine, EngineOptions } from '../jobs/engine.js'
import { createLocalEngine } from '../jobs/local.js'

export async function createEngine(
  { redisUrl: url, redisPrefix: prefix }: Config,
  options: EngineOptions,
): Promise<Engine> {
  if (url === null) return createLocalEngine(options)
  // Loaded here and not before: the embedded desk does without it.
  const { createBullmqEngine } = await import('../jobs/bullmq/engine.js')
  return createBullmqEngine({ ...options, url, prefix })
}
