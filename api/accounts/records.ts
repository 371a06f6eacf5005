// The records of skysieve.accounts: accounts, tokens and Kafka credentials. The topic stays on the hub; it is never mirrored.
import { Type, type Static } from 'typebox'

export const ACCOUNTS_TOPIC = 'skysieve.accounts'

export const SCOPES = ['filters:read', 'filters:write', 'stream:full', 'read:alertdb', 'admin'] as const
export const Scope = Type.Enum([...SCOPES])
export type Scope = (typeof SCOPES)[number]

/** Names of accounts and of Kafka users: a user's groups are the name and `<name>.…`, so it has no dot. */
export const AccountName = Type.String({ pattern: '^[a-z][a-z0-9-]{1,29}[a-z0-9]$' })

const Time = Type.String({ format: 'date-time' })

export const AccountRecord = Type.Object({
  kind: Type.Literal('account'),
  id: AccountName,
  scopes: Type.Array(Scope),
  limits: Type.Object({ filters: Type.Integer(), requestsPerMinute: Type.Integer() }),
  createdAt: Time,
})
export type AccountRecord = Static<typeof AccountRecord>

export const TokenRecord = Type.Object({
  kind: Type.Literal('token'),
  id: Type.String(),
  account: AccountName,
  label: Type.String(),
  sha256: Type.String(),
  scopes: Type.Array(Scope),
  createdAt: Time,
  expiresAt: Type.Optional(Time),
  lastUsedAt: Type.Optional(Time),
})
export type TokenRecord = Static<typeof TokenRecord>

/**
 * A SCRAM user of one topic. `sealed` is its salted password under the platform's key, from which a node's user can be made again.
 * Written before the user exists (`active`) and before it is taken away (`deleting`), so that whoever leads next can finish either.
 */
export const CredentialRecord = Type.Object({
  kind: Type.Literal('credential'),
  user: AccountName,
  account: AccountName,
  topic: Type.String(),
  /** `hub`, or the name of a mirror. */
  broker: Type.String(),
  iterations: Type.Integer(),
  salt: Type.String(),
  sealed: Type.String(),
  state: Type.Union([Type.Literal('active'), Type.Literal('deleting')]),
  createdAt: Time,
})
export type CredentialRecord = Static<typeof CredentialRecord>

export const AccountsValue = Type.Union([AccountRecord, TokenRecord, CredentialRecord])
export type AccountsValue = Static<typeof AccountsValue>

/** The topic's key of a record. */
export function accountsKey(record: AccountsValue): string {
  if (record.kind === 'credential') return `credential/${record.user}`
  return `${record.kind}/${record.id}`
}
