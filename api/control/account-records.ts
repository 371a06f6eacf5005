// The records of skysieve.accounts: accounts, tokens, Kafka users and topics of their own. The topic stays on the hub; it is never mirrored.
import { Type, type Static } from 'typebox'

export const ACCOUNTS_TOPIC = 'skysieve.accounts'

export const SCOPES = ['filters:read', 'filters:write', 'stream:full', 'read:alertdb', 'admin'] as const
export const Scope = Type.Enum([...SCOPES])
export type Scope = (typeof SCOPES)[number]
/** Of a request: each at most once. */
export const ScopeList = Type.Array(Scope, { uniqueItems: true, maxItems: SCOPES.length })

/** Names of accounts and of Kafka users: a user's groups are the name, `<name>.…` and `<name>-…`, so it has no dot. */
export const AccountName = Type.String({ pattern: '^[a-z][a-z0-9-]{1,29}[a-z0-9]$', maxLength: 31 })

/** Topics that are made through the API; the system's own begin otherwise, or are refused by name. */
export const TopicName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{1,199}$', maxLength: 200 })

/** What an account's hub users may do: read what it was given; write alerts as well; look at everything's names, settings and lags as well; or everything. */
export const ROLES = ['reader', 'producer', 'monitor', 'operator'] as const
export const Role = Type.Enum([...ROLES])
export type Role = (typeof ROLES)[number]

const Time = Type.String({ format: 'date-time' })

/** What an account may have and take. */
export const AccountLimits = Type.Object({
  filters: Type.Integer(),
  requestsPerMinute: Type.Integer(),
  /** Of answers; the settings say where absent. */
  bytesPerMinute: Type.Optional(Type.Integer()),
  /** Of each broker, for all Kafka users of the account together; the settings say where absent. */
  kafkaBytesPerSecond: Type.Optional(Type.Integer()),
  /** Of one request thread's time on each broker. */
  kafkaRequestPercent: Type.Optional(Type.Integer()),
})

export const AccountRecord = Type.Object({
  kind: Type.Literal('account'),
  id: AccountName,
  scopes: Type.Array(Scope),
  limits: AccountLimits,
  /** `reader` where absent. */
  role: Type.Optional(Role),
  /** Topics of the hub it may read, besides those its scopes and its ownership give it. */
  topics: Type.Optional(Type.Array(Type.String())),
  /** `leaving` while everything of it is taken away: none of its tokens is good any more. */
  state: Type.Optional(Type.Literal('leaving')),
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
 * What every SCRAM user has. `sealed` is its salted password under the platform's key, from which a node's user can be made again.
 * Written before the user exists (`active`) and before it is taken away (`deleting`), so that whoever leads next can finish either.
 */
const KAFKA_USER = {
  user: AccountName,
  account: AccountName,
  iterations: Type.Integer(),
  salt: Type.String(),
  sealed: Type.String(),
  state: Type.Union([Type.Literal('active'), Type.Literal('deleting')]),
  createdAt: Time,
  /** When the token that made it is good no more. */
  expiresAt: Type.Optional(Time),
}

/** A SCRAM user of one topic. */
export const CredentialRecord = Type.Object({
  kind: Type.Literal('credential'),
  ...KAFKA_USER,
  topic: Type.String(),
  /** `hub`, or the name of a mirror. */
  broker: Type.String(),
})
export type CredentialRecord = Static<typeof CredentialRecord>

/** A SCRAM user of the hub, one of several its account may have. What it may read follows from the account. */
export const LoginRecord = Type.Object({
  kind: Type.Literal('login'),
  ...KAFKA_USER,
  label: Type.String(),
  rotatedAt: Type.Optional(Time),
})
export type LoginRecord = Static<typeof LoginRecord>

/** A topic of the hub that was made through the API. `making` and `deleting` are finished by whoever leads. */
export const TopicRecord = Type.Object({
  kind: Type.Literal('topic'),
  name: TopicName,
  /** Accounts that read and write it. */
  owners: Type.Array(AccountName),
  partitions: Type.Integer(),
  retentionMs: Type.Integer(),
  /** Of each partition; -1 is without a bound. */
  retentionBytes: Type.Integer(),
  maxMessageBytes: Type.Integer(),
  state: Type.Union([Type.Literal('making'), Type.Literal('active'), Type.Literal('deleting')]),
  createdAt: Time,
})
export type TopicRecord = Static<typeof TopicRecord>

export const AccountsValue = Type.Union([AccountRecord, TokenRecord, CredentialRecord, LoginRecord, TopicRecord])
export type AccountsValue = Static<typeof AccountsValue>

/** The topic's key of a record. */
export function accountsKey(record: AccountsValue): string {
  if (record.kind === 'credential' || record.kind === 'login') return `${record.kind}/${record.user}`
  if (record.kind === 'topic') return `topic/${record.name}`
  return `${record.kind}/${record.id}`
}
