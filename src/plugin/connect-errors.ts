// Errors of a connection in words. Addresses stay out of them: they would map the network of the desk.
const words: Record<string, string> = {
  ECONNREFUSED: 'The WHO refused the connection.',
  ECONNRESET: 'The connection was closed before the whole answer came.',
  EPIPE: 'The connection was closed before the whole answer came.',
  ETIMEDOUT: 'The WHO could not be reached in time.',
  EHOSTUNREACH: 'There is no way to the network of the WHO.',
  ENETUNREACH: 'There is no way to the network of the WHO.',
  ENOTFOUND: 'The name of the WHO does not exist.',
  ENODATA: 'The name of the WHO has no address.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS: the certificate is self-signed.',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS: the certificate comes from an authority that is not trusted.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS: the chain of certificates is incomplete.',
  CERT_HAS_EXPIRED: 'TLS: the certificate has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS: the certificate is for another name.',
  EPROTO: 'TLS: the WHO does not speak it on this port.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'TLS: the WHO does not speak it on this port.',
  HPE_HEADER_OVERFLOW: 'The headers of the answer are too large.',
}

/**
 * Why a request over the network had no answer, in a sentence for whoever named the URL.
 * @param error of `node:http` or `node:https`, or an `AggregateError` of several addresses.
 * @param who the other side, for instance `receiver`.
 */
export function connectionErrorInWords(error: unknown, who: string): string {
  // Several addresses, several errors: the last one will do.
  const cause = error instanceof AggregateError ? error.errors.at(-1) : error
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  if (typeof code !== 'string') return 'The request failed.'
  const known = words[code] ?? (code.startsWith('HPE_') ? 'The answer is not HTTP.' : undefined)
  return known?.replace('WHO', who) ?? `The request failed (${code}).`
}
