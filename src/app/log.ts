// The log: pino, as Fastify brings it. Secrets never reach it, control characters come out escaped (it is JSON).
import { createRequire } from 'node:module'
import type { Config } from '../config.js'
import type { Logger } from '../http/server.js'

/** pino is a dependency of Fastify; the same copy is used. */
const require = createRequire(createRequire(import.meta.url).resolve('fastify'))

export function createLog(level: Config['logLevel'], destination: 1 | 2 = 1): Logger {
  const pino = require('pino')
  return pino(
    {
      level,
      base: undefined,
      redact: { paths: ['req.headers.authorization', '*.password', '*.token', '*.smtp'], censor: '***' },
    },
    pino.destination({ dest: destination, sync: true }),
  )
}
