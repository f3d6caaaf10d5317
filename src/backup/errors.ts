// What the commands of backups say when something cannot be done.

/** Why it cannot be done, in words; nothing of the desk was changed. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}
