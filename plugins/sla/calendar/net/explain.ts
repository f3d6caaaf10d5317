// Errors of a connection in words. Addresses stay out of them: they would map the network of the desk.
const words: Record<string, string> = {
  ECONNREFUSED: 'The server of the feed refused the connection.',
  ECONNRESET: 'The connection was closed before the whole feed came.',
  EPIPE: 'The connection was closed before the whole feed came.',
  ETIMEDOUT: 'The server of the feed could not be reached in time.',
  EHOSTUNREACH: 'There is no way to the network of the feed.',
  ENETUNREACH: 'There is no way to the network of the feed.',
  ENOTFOUND: 'The name in the URL of the feed does not exist.',
  ENODATA: 'The name in the URL of the feed has no address.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS: the certificate is self-signed.',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS: the certificate comes from an authority that is not trusted.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS: the chain of certificates is incomplete.',
  CERT_HAS_EXPIRED: 'TLS: the certificate has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS: the certificate is for another name.',
  EPROTO: 'TLS: the server of the feed does not speak it on this port.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'TLS: the server of the feed does not speak it on this port.',
}

export function explain(error: unknown, isLate: boolean, timeoutMs: number): string {
  if (isLate) return `There was no whole answer within ${timeoutMs / 1000} s.`
  // Several addresses, several errors: the last one will do.
  const cause = error instanceof AggregateError ? error.errors.at(-1) : error
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  return typeof code === 'string'
    ? (words[code] ?? `The request for the feed failed (${code}).`)
    : 'The request for the feed failed.'
}
