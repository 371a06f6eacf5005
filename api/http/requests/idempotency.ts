// `Idempotency-Key` without a store: the id of what a request makes follows from the caller and the key, so a repeat finds it made.
import { Type } from 'typebox'
import { randomText } from '../../accounts/bearer-token.ts'
import { type SecretBox } from '../../accounts/secret-box.ts'

export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
})

const ID_CHARS = 10

/** Ten letters or digits: random, or for the same caller, route and key always the same. */
export function freshId(box: SecretBox, route: string, account: string, key: string | undefined): string {
  if (key === undefined) return randomText(ID_CHARS)
  const number = box.fingerprint(JSON.stringify([route, account, key])).readBigUInt64BE(0)
  return number.toString(36).padStart(ID_CHARS, '0').slice(-ID_CHARS)
}
