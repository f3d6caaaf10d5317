// The log: one JSON object a line, so that control characters come out escaped. Secrets never reach it.
import { pino } from 'pino'
import type { Config } from '../config.js'
import type { Logger } from '../http/server.js'

export const createLog = (level: Config['logLevel'], destination: 1 | 2 = 1): Logger =>
  pino(
    {
      level,
      base: null,
      redact: { paths: ['req.headers.authorization', '*.password', '*.token', '*.smtp'], censor: '***' },
    },
    pino.destination({ dest: destination, sync: true }),
  )
