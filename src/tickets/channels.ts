// By which channels tickets come; plugins add theirs.

/** What the core itself writes: mail, logged calls, and tickets that a plugin opens without naming a channel. */
export const coreChannels = ['email', 'phone', 'api'] as const
