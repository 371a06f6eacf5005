// Accounts and tokens as they leave the API.
import { Type, type Static } from 'typebox'
import {
  AccountLimits,
  AccountName,
  type AccountRecord,
  Role,
  Scope,
  type TokenRecord,
} from '../../control/account-records.ts'

const Time = Type.String({ format: 'date-time' })

export const AccountView = Type.Object({
  id: AccountName,
  scopes: Type.Array(Scope),
  limits: AccountLimits,
  role: Role,
  /** Topics of the hub that were granted to it. */
  topics: Type.Array(Type.String()),
  createdAt: Time,
})
export const accountView = ({
  kind: _kind,
  state: _state,
  role = 'reader',
  topics = [],
  ...account
}: AccountRecord): Static<typeof AccountView> => ({ ...account, role, topics })

export const TokenView = Type.Object({
  id: Type.String(),
  label: Type.String(),
  scopes: Type.Array(Scope),
  createdAt: Time,
  expiresAt: Type.Optional(Time),
  lastUsedAt: Type.Optional(Time),
})
export function tokenView(record: TokenRecord): Static<typeof TokenView> {
  const { kind: _kind, sha256: _sha256, account: _account, ...token } = record
  return token
}
/** The only answer that ever holds a token. */
export const FreshToken = Type.Object({ ...TokenView.properties, token: Type.String() })
