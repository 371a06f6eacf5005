// A bearer token checked against what is kept: the caller behind it, or why there is none. Read it first in this folder.
// In: the token of a request, and the control state. Out: account, scopes and end of the token.
import { SCOPES } from '../control/account-records.ts'
import { type ControlState } from '../control/control-state.ts'
import { ApiError } from '../errors.ts'
import { tokenId as idOfToken, tokenMatches } from './bearer-token.ts'
import { type Caller } from './caller.ts'
import { isOver } from './expiry.ts'

/** The administrator's account: it exists without a record, by the hash in the configuration. */
const ADMIN_ACCOUNT = 'admin'

/** Where tokens are looked up. */
export type TokenSource = Pick<ControlState, 'adminTokenSha256' | 'token' | 'account'>

/** The caller behind a token. Throws ApiError API_TOKEN_UNKNOWN or API_TOKEN_EXPIRED. */
export function authenticate(token: string, source: TokenSource, nowMs: number): Caller {
  if (tokenMatches(token, source.adminTokenSha256)) {
    return { account: ADMIN_ACCOUNT, scopes: SCOPES, isAdmin: true }
  }
  const id = idOfToken(token)
  const record = id === undefined ? undefined : source.token(id)
  const account = record && source.account(record.account)
  if (!record || !account || account.state === 'leaving' || !tokenMatches(token, record.sha256)) {
    throw new ApiError(
      'API_TOKEN_UNKNOWN',
      'The token is not known or was revoked. Ask for a new one, or log in again.',
    )
  }
  if (isOver(record.expiresAt, nowMs)) {
    const message = `The token “${record.label}” expired at ${record.expiresAt}. Make a new one with another token, or ask an administrator.`
    throw new ApiError('API_TOKEN_EXPIRED', message)
  }
  // An account that lost a scope loses it in all its tokens at once.
  const scopes = record.scopes.filter(scope => account.scopes.includes(scope))
  const { id: tokenId, expiresAt } = record
  const ends = expiresAt === undefined ? {} : { expiresAt }
  return { account: account.id, tokenId, scopes, isAdmin: scopes.includes('admin'), ...ends }
}
