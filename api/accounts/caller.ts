// Who is calling: the account and scopes behind a bearer token, and what they may touch.
import { ApiError } from '../errors.ts'
import { type AccountRecord, type Scope, SCOPES, type TokenRecord } from '../control/account-records.ts'
import { isOver } from './expiry.ts'
import { tokenId as idOfToken, tokenMatches } from './bearer-token.ts'

/** The administrator's account: it exists without a record, by the hash in the configuration. */
const ADMIN_ACCOUNT = 'admin'

export interface Caller {
  readonly account: string
  /** Absent for the administrator of the configuration. */
  readonly tokenId?: string
  /** When the token is good no more; absent where that is never. */
  readonly expiresAt?: string
  readonly scopes: readonly Scope[]
  readonly isAdmin: boolean
}

/** Where tokens are looked up. */
export interface TokenSource {
  readonly adminTokenSha256: string
  token(id: string): TokenRecord | undefined
  account(id: string): AccountRecord | undefined
}

/** The caller behind a token. Throws ApiError API_TOKEN_UNKNOWN or API_TOKEN_EXPIRED. */
export function identify(token: string, source: TokenSource, nowMs: number): Caller {
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

/** Lets a caller through who has one of the scopes. @throws ApiError API_SCOPE_MISSING */
export function requireScope(caller: Caller, ...scopes: readonly Scope[]): void {
  if (caller.isAdmin || scopes.some(scope => caller.scopes.includes(scope))) return
  const message = `This needs a token with the scope ${scopes.join(' or ')}; yours has ${caller.scopes.join(', ') || 'none'}.`
  throw new ApiError('API_SCOPE_MISSING', message)
}

/** Users see and touch what is theirs, administrators everything. */
export const mayTouch = (caller: Caller, owner: string): boolean => caller.isAdmin || caller.account === owner
