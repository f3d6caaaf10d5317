// Key material of this desk and what is made from it: signatures in addresses and links, sealed settings.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { chmodSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface Secrets {
  /** First `bytes` of an HMAC-SHA-256 over `purpose` and `text`. */
  sign(purpose: string, text: string, bytes?: number): Buffer
  verify(purpose: string, text: string, mac: Buffer): boolean
  /** Encrypts a setting for the database (AES-256-GCM). */
  seal(text: string): string
  open(sealed: string): string
}

export function createSecrets(root: string): Secrets {
  const key = (purpose: string) => Buffer.from(hkdfSync('sha256', root, 'frontdesk', purpose, 32))
  const macKey = key('sign')
  const sealKey = key('seal')
  const sign = (purpose: string, text: string, bytes = 32) =>
    createHmac('sha256', macKey).update(`${purpose}\0${text}`).digest().subarray(0, bytes)
  return {
    sign,
    verify(purpose, text, mac) {
      return mac.length >= 10 && timingSafeEqual(mac, sign(purpose, text, mac.length))
    },
    seal(text) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', sealKey, iv)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `v1.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(sealed) {
      const bytes = Buffer.from(sealed.slice(3), 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, 12))
      decipher.setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
    },
  }
}

/** The secret of the configuration, or the one made at the first start and kept in the data folder. */
export function loadSecret(configured: string | null, dataDir: string): string {
  if (configured) return configured
  const file = path.join(dataDir, 'secret')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  // Written aside and linked: two processes that start at once end with the same secret.
  const own = `${file}.${process.pid}`
  writeFileSync(own, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  chmodSync(own, 0o600)
  try {
    linkSync(own, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(own)
  }
  return readFileSync(file, 'utf8').trim()
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
