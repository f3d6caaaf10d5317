// An address that a server cannot listen on, as a mistake of the configuration that names its variables.
import { ConfigError } from '../config.js'

const WHYS = { EADDRINUSE: 'is in use already', EACCES: 'needs more rights', EADDRNOTAVAIL: 'is not ours' }

export function addressError(
  error: NodeJS.ErrnoException,
  variables: string,
  { host, port }: { host: string; port: number },
): Error {
  const why = WHYS[error.code as keyof typeof WHYS]
  return why ? new ConfigError([`${variables}: ${host}:${port} ${why}`]) : error
}
