// Which Kafka users there shall be, with which rights and quotas: worked out from the books alone. Pure.
import { type Grant, noticesTopic, STREAMS, type UserQuota } from '#hub'
import { topicOfFilter } from '#filters'
import { type AccountRecord, type CredentialRecord, type LoginRecord } from '../control/account-records.ts'
import { type Books } from '../control/control-state.ts'
import { type ApiSettings } from '../settings.ts'
import { groupPrefixes } from './consumer-groups.ts'

/** The name under which the hub's broker is known; no mirror may have it. */
export const HUB = 'hub'

/** One user of one broker as it shall be. `sealed` is its salted password under the platform's key. */
export interface KafkaUser {
  readonly broker: string
  readonly user: string
  readonly account: string
  readonly iterations: number
  readonly salt: string
  readonly sealed: string
  readonly grants: readonly Grant[]
  readonly quota: UserQuota
}

type Right = Omit<Grant, 'user'>
export type KafkaBooks = Pick<
  Books,
  'account' | 'accounts' | 'credentials' | 'logins' | 'topics' | 'filters' | 'shards'
>
type Limits = Pick<ApiSettings, 'kafkaBytesPerSecond' | 'kafkaRequestPercent'>

const READING = ['read', 'describe', 'describe-configs'] as const
const WRITING = ['write', ...READING] as const

const topic = (name: string, operations: Right['operations']): Right => ({ resource: 'topic', name, operations })

/** Reading in groups and taking them away; not their configurations, which outlive them. */
const GROUPING = ['read', 'describe', 'delete'] as const

/**
 * The names that groups of an account's user begin with, beside the user's name itself. Stock clients make `<user>-…` by themselves. Accounts of
 * earlier versions may be called so; where there is one, the dash is not given away.
 */
export function groupPrefixesOf({ accounts }: Pick<KafkaBooks, 'accounts'>, user: string, account: string): string[] {
  const isTaken = accounts().some(({ id }) => id !== account && id.startsWith(`${user}-`))
  return groupPrefixes(user, !isTaken)
}

/** The groups `<name>`, `<name>.…` and `<name>-…`. */
const groupsOf = (books: KafkaBooks, name: string, account: string): Right[] => [
  { resource: 'group', name, operations: GROUPING },
  ...groupPrefixesOf(books, name, account).map((prefix): Right => ({
    resource: 'group',
    name: prefix,
    match: 'prefixed',
    operations: GROUPING,
  })),
]

/** A monitor's: all names, settings, positions and lags, and nothing that is in a topic. */
const LOOKING: readonly Right[] = [
  { resource: 'topic', name: '*', operations: ['describe', 'describe-configs'] },
  { resource: 'group', name: '*', operations: ['describe'] },
  { resource: 'cluster', operations: ['describe', 'describe-configs'] },
]

/** A superuser by rights: everything on everything. */
const EVERYTHING: readonly Right[] = [
  ...(['topic', 'group', 'transactional-id'] as const).map((resource): Right => ({
    resource,
    name: '*',
    operations: ['all'],
  })),
  { resource: 'cluster', operations: ['all'] },
]

const streamTopics = (): string[] => Object.values(STREAMS).map(stream => stream.topic)

/** The hub's topics an account may read, and whether it may write them too. */
export function topicsOf(books: Pick<Books, 'topics'>, account: AccountRecord): ReadonlyMap<string, 'read' | 'write'> {
  const found = new Map<string, 'read' | 'write'>()
  if (account.scopes.includes('stream:full'))
    for (const name of [...streamTopics(), ...Object.keys(STREAMS).map(noticesTopic)]) found.set(name, 'read')
  for (const name of account.topics ?? []) found.set(name, 'read')
  for (const { name, owners, state } of books.topics())
    if (state === 'active' && owners.includes(account.id)) found.set(name, 'write')
  if (account.role === 'producer') for (const name of streamTopics()) found.set(name, 'write')
  return found
}

/** The mirrors that have reported, each of which has every account's logins. */
export const mirrorsOf = ({ shards }: Pick<KafkaBooks, 'shards'>): readonly string[] => [
  ...new Set(shards().map(({ mirror }) => mirror)),
]

/** Topics of an account's filters on a mirror; of one that came from there too, as long as that is kept. */
export const filterTopicsOn = ({ filters }: Pick<KafkaBooks, 'filters'>, account: string, mirror: string): string[] =>
  filters()
    .filter(
      ({ owner, state, placement, handover }) =>
        owner === account && state !== 'deleted' && (placement?.mirror === mirror || handover?.from.mirror === mirror),
    )
    .map(({ id }) => topicOfFilter(id))

const rightsOfLogin = (books: KafkaBooks, { user }: LoginRecord, account: AccountRecord, broker: string): Right[] => {
  if (account.role === 'operator') return [...EVERYTHING]
  const rights =
    broker === HUB
      ? [...topicsOf(books, account)].map(([name, how]) => topic(name, how === 'write' ? WRITING : READING))
      : filterTopicsOn(books, account.id, broker).map(name => topic(name, READING))
  const names = user === account.id ? [user] : [account.id, user]
  const groups = names.flatMap(name => groupsOf(books, name, account.id))
  if (account.role === 'monitor') return [...rights, ...groups, ...LOOKING]
  if (account.role !== 'producer' || broker !== HUB) return [...rights, ...groups]
  const ids: Right[] = [
    { resource: 'transactional-id', name: `${account.id}.`, match: 'prefixed', operations: ['write', 'describe'] },
  ]
  return [...rights, ...groups, ...ids]
}

/** Of a topic of the hub only as long as the account may read it; a filter's users go with the filter. */
const rightsOfCredential = (books: KafkaBooks, record: CredentialRecord): Right[] => {
  const { user, topic: name, broker } = record
  const account = books.account(record.account)
  const may = broker !== HUB || account === undefined || topicsOf(books, account).has(name)
  return [...(may ? [topic(name, READING)] : []), ...groupsOf(books, user, record.account)]
}

const UNLIMITED: UserQuota = { consumerBytesPerSecond: null, producerBytesPerSecond: null, requestPercent: null }

/**
 * Kafka counts by user. An account's users of a broker share its quota in equal parts, so that together they never take more.
 * Operators and producers have none unless their account says so.
 */
function quotaOf(books: KafkaBooks, limits: Limits, id: string, broker: string): UserQuota {
  const account = books.account(id)
  const own = account?.limits
  const isFree = account === undefined || (account.role ?? 'reader') !== 'reader'
  const bytes = own?.kafkaBytesPerSecond ?? (isFree ? undefined : limits.kafkaBytesPerSecond)
  const percent = own?.kafkaRequestPercent ?? (isFree ? undefined : limits.kafkaRequestPercent)
  const sharing = [...books.credentials(), ...books.logins()].filter(
    record =>
      record.account === id && (record.kind === 'login' || record.broker === broker) && record.state === 'active',
  ).length
  const share = (limit: number): number => Math.max(1, Math.floor(limit / Math.max(1, sharing)))
  return {
    ...UNLIMITED,
    ...(bytes === undefined ? {} : { consumerBytesPerSecond: share(bytes), producerBytesPerSecond: share(bytes) }),
    ...(percent === undefined ? {} : { requestPercent: share(percent) }),
  }
}

/** The Kafka user of a record on a broker, as it shall be now. */
function kafkaUserOf(
  books: KafkaBooks,
  limits: Limits,
  record: CredentialRecord | LoginRecord,
  broker: string,
): KafkaUser {
  const { user, account: id, iterations, salt, sealed } = record
  const account = books.account(id)
  const rights =
    record.kind === 'credential'
      ? rightsOfCredential(books, record)
      : account
        ? rightsOfLogin(books, record, account, broker)
        : []
  const grants = rights.map(right => ({ user, ...right }))
  return { broker, user, account: id, iterations, salt, sealed, grants, quota: quotaOf(books, limits, id, broker) }
}

/** All users there shall be; of one account when named. */
export function kafkaUsers(books: KafkaBooks, limits: Limits, account?: string): KafkaUser[] {
  return [...books.credentials(), ...books.logins()]
    .filter(record => record.state === 'active' && (account === undefined || record.account === account))
    .flatMap(record =>
      (record.kind === 'credential' ? [record.broker] : [HUB, ...mirrorsOf(books)]).map(broker =>
        kafkaUserOf(books, limits, record, broker),
      ),
    )
}

/** The account's user that reads this topic of a broker: one made for it, the newest first, else a login. */
export function readerOf(
  books: KafkaBooks,
  limits: Limits,
  account: string,
  broker: string,
  topic: string,
): string | undefined {
  const made = new Map([...books.credentials(), ...books.logins()].map(record => [record.user, record]))
  const rank = (user: string): string => `${made.get(user)?.kind === 'credential' ? 1 : 0}${made.get(user)?.createdAt}`
  return kafkaUsers(books, limits, account)
    .filter(one => one.broker === broker && one.grants.some(grant => reads(grant, topic)))
    .map(({ user }) => user)
    .toSorted((a, b) => rank(b).localeCompare(rank(a)))[0]
}

const reads = ({ resource, name, operations }: Grant, topic: string): boolean =>
  resource === 'topic' && (name === topic || name === '*') && operations.some(one => one === 'read' || one === 'all')
