// Addresses: one spelling for each, and those that must never be answered.

/** How an address is compared. */
export const canonical = (address: string): string => address.trim().toLowerCase()

/** Desks write from `help+id77@…`, another tag for each ticket: limits that count the tag would never hold. */
export const withoutTag = (address: string): string => canonical(address).replace(/(?<=.)\+[^@]*(?=@)/, '')

// The intake looks at From; an answer goes to the requester, whom an aligned Reply-To can name.
const DAEMON =
  /^(mailer-?daemon|postmaster|mail[-.]?daemon|mdaemon|bounces?|owner-.+|.+-(request|owner|bounces?))([-+=.][^@]*)?@/
const NOREPLY =
  /^(.+[-_.])?(no-?_?\.?reply|do-?_?\.?not-?_?\.?reply|nepasrepondre|ne-pas-repondre|noresponder|notifications?)([-+_.][^@]*)?@/

/** RFC 3834 §2: no answer to what looks like a list, a daemon or an address that nobody reads. */
export const isMachine = (address: string): boolean =>
  DAEMON.test(canonical(address)) || NOREPLY.test(canonical(address))

/** @param entries addresses (`ann@example.org`) or domains (`@example.org`). */
export const isListed = (entries: readonly string[], address: string): boolean =>
  entries.map(canonical).some((entry) => {
    if (entry.startsWith('@')) return canonical(address).endsWith(entry)
    return entry === canonical(address) || entry === withoutTag(address)
  })
