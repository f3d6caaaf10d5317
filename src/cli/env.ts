// The environment of a command: .env of the installation first, what is really set goes before it.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'

export function loadEnv(root: string): Record<string, string | undefined> {
  const file = readEnvFile(path.join(root, '.env'))
  // Relative to the installation, whatever folder one calls from: bin/frontdesk-pipe reads it the same way.
  if (file.FRONTDESK_DATA) file.FRONTDESK_DATA = path.resolve(root, file.FRONTDESK_DATA)
  return { ...file, ...process.env }
}

function readEnvFile(file: string): Record<string, string | undefined> {
  try {
    return { ...parseEnv(readFileSync(file, 'utf8')) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}
