// Join tokens: `skyjoin_<id>_<secret>_<authority>`. Only the SHA-256 of the whole text is kept, so a token is readable once, when it is made.
// The last part lets a node know the system it joins before it says anything secret to it.
import { createHash, X509Certificate } from 'node:crypto'
import { hashToken, randomText } from '../accounts/bearer-token.ts'

const ID_CHARS = 10
/** 206 bits: beyond guessing. */
const SECRET_CHARS = 40
const AUTHORITY_CHARS = 32
const TOKEN = /^skyjoin_([0-9a-z]{10})_[0-9a-z]{40}_([0-9a-f]{32})$/

export interface JoinToken {
  readonly id: string
  /** As `authorityMark` makes it. */
  readonly authority: string
}

/** The first 16 bytes, in hex, of the SHA-256 of an authority's certificate: the first one of a PEM text; zeros for a system of plain text. */
export const authorityMark = (ca: string | undefined): string =>
  ca === undefined
    ? '0'.repeat(AUTHORITY_CHARS)
    : createHash('sha256').update(new X509Certificate(ca).raw).digest('hex').slice(0, AUTHORITY_CHARS)

/** A new token, and what is kept of it. */
export function mintJoinToken(authority: string): { id: string; token: string; sha256: string } {
  const id = randomText(ID_CHARS)
  const token = `skyjoin_${id}_${randomText(SECRET_CHARS)}_${authority}`
  return { id, token, sha256: hashToken(token) }
}

/** The parts of a token that are no secret, or undefined if the text does not have a token's form. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [, id, authority] = TOKEN.exec(text) ?? []
  return id === undefined || authority === undefined ? undefined : { id, authority }
}
