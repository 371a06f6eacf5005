// Keeps a salted password unreadable without the platform's key: AES-256-GCM, bound to the name it belongs to.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface SecretBox {
  /** Base64 of nonce, tag and ciphertext; it opens only for the same `name`. */
  seal(name: string, secret: Uint8Array): string
  /** @throws Error when the text was sealed under another key or for another name, or was altered. */
  open(name: string, sealed: string): Buffer
  /** A number no outsider can foresee, the same for the same text: ids of repeated requests. */
  fingerprint(text: string): Buffer
}

/** `key` is 32 bytes; keys for sealing and for fingerprints are derived from it. */
export function openSecretBox(key: Uint8Array): SecretBox {
  if (key.length !== 32) throw new Error(`The platform's key has ${key.length} bytes; it must have 32.`)
  const derive = (use: string): Buffer => createHmac('sha256', key).update(use).digest()
  const sealing = derive('seal')
  const printing = derive('fingerprint')
  return {
    seal(name, secret) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(name))
      const text = Buffer.concat([cipher.update(secret), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
    },
    open(name, sealed) {
      const bytes = Buffer.from(sealed, 'base64')
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(name)).setAuthTag(tag)
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()])
    },
    fingerprint: text => createHmac('sha256', printing).update(text).digest(),
  }
}
