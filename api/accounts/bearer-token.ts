// Bearer tokens: `sky_<id>_<secret>`. Only the SHA-256 of the whole text is stored, so a token is readable once, when it is made.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'
const SECRET_CHARS = 40
const TOKEN = /^sky_([0-9a-z]{10})_([0-9a-z]{20,})$/

/** Lower-case letters and digits, each equally likely. */
export function randomText(chars: number): string {
  let text = ''
  // Bytes of 252 and more would favour the first letters: 252 is the largest multiple of 36 in a byte.
  while (text.length < chars) for (const byte of randomBytes(chars)) if (byte < 252) text += ALPHABET[byte % 36]
  return text.slice(0, chars)
}

/** SHA-256 of a token in hex: what is stored and what the configuration holds for the administrator. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** A new token: 40 characters of secret are 206 bits, beyond guessing. */
export function mintToken(id: string = randomText(10)): { readonly id: string; readonly token: string } {
  return { id, token: `sky_${id}_${randomText(SECRET_CHARS)}` }
}

/** The id within a token, or undefined if the text does not have a token's form. */
export const tokenId = (token: string): string | undefined => TOKEN.exec(token)?.[1]

/** Whether `token` has the stored hash; takes the same time wherever they differ. */
export function tokenMatches(token: string, storedHash: string): boolean {
  const given = Buffer.from(hashToken(token), 'hex')
  const stored = Buffer.from(storedHash, 'hex')
  return given.length === stored.length && timingSafeEqual(given, stored)
}
