// Who is calling, and what they may touch.
import { ApiError } from '../errors.ts'
import { type Scope } from '../control/account-records.ts'

export interface Caller {
  readonly account: string
  /** Absent for the administrator of the configuration. */
  readonly tokenId?: string
  /** When the token is good no more; absent where that is never. */
  readonly expiresAt?: string
  readonly scopes: readonly Scope[]
  readonly isAdmin: boolean
}

/** Lets a caller through who has one of the scopes. @throws ApiError API_SCOPE_MISSING */
export function requireScope(caller: Caller, ...scopes: readonly Scope[]): void {
  if (caller.isAdmin || scopes.some(scope => caller.scopes.includes(scope))) return
  const message = `This needs a token with the scope ${scopes.join(' or ')}; yours has ${caller.scopes.join(', ') || 'none'}.`
  throw new ApiError('API_SCOPE_MISSING', message)
}

/** Users see and touch what is theirs, administrators everything. */
export const mayTouch = (caller: Caller, owner: string): boolean => caller.isAdmin || caller.account === owner
