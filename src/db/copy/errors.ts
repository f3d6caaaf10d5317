// What a copy of a database says when it cannot be begun.

/** Why, in words; nothing was changed. */
export class CopyError extends Error {
  override readonly name = 'CopyError'
}
