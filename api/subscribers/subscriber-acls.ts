// Which Kafka ACLs a subscriber's user gets on a broker: worked out from the control state alone. Pure. Read it first in this folder.
// In: the record of a credential or a login, its account, topics and filters. Out: ACLs, which apply-users.ts brings to the brokers.
import { type Grant, noticesTopic, STREAMS } from '#hub'
import { type Manifest, topicOfFilter } from '#filters'
import { HUB } from '../brokers/brokers.ts'
import { type AccountRecord, type CredentialRecord, type LoginRecord } from '../control/account-records.ts'
import { type ControlState } from '../control/control-state.ts'
import { groupPrefixes } from './consumer-groups.ts'

/** An ACL of a user that is named elsewhere. */
export type Acl = Omit<Grant, 'user'>
export type SubscriberState = Pick<
  ControlState,
  'account' | 'accounts' | 'credentials' | 'logins' | 'topics' | 'filter' | 'filters' | 'shards'
>

const READ_OPERATIONS = ['read', 'describe', 'describe-configs'] as const
const WRITE_OPERATIONS = ['write', ...READ_OPERATIONS] as const

const topic = (name: string, operations: Acl['operations']): Acl => ({ resource: 'topic', name, operations })

/** Reading in groups and taking them away; not their configurations, which outlive them. */
const GROUP_OPERATIONS = ['read', 'describe', 'delete'] as const

/**
 * The names that groups of an account's user begin with, beside the user's name itself. Stock clients make `<user>-…` by themselves. Accounts of
 * earlier versions may be called so; where there is one, the dash is not given away.
 */
export function groupPrefixesOf(
  { accounts }: Pick<SubscriberState, 'accounts'>,
  user: string,
  account: string,
): string[] {
  const isTaken = accounts().some(({ id }) => id !== account && id.startsWith(`${user}-`))
  return groupPrefixes(user, !isTaken)
}

/** The groups `<name>`, `<name>.…` and `<name>-…`. */
const groupAcls = (controlState: SubscriberState, name: string, account: string): Acl[] => [
  { resource: 'group', name, operations: GROUP_OPERATIONS },
  ...groupPrefixesOf(controlState, name, account).map((prefix): Acl => ({
    resource: 'group',
    name: prefix,
    match: 'prefixed',
    operations: GROUP_OPERATIONS,
  })),
]

/** A monitor's: all names, settings, positions and lags, and nothing that is in a topic. */
const MONITOR_ACLS: readonly Acl[] = [
  { resource: 'topic', name: '*', operations: ['describe', 'describe-configs'] },
  { resource: 'group', name: '*', operations: ['describe'] },
  { resource: 'cluster', operations: ['describe', 'describe-configs'] },
]

/** An operator's: everything on everything. */
const OPERATOR_ACLS: readonly Acl[] = [
  ...(['topic', 'group', 'transactional-id'] as const).map((resource): Acl => ({
    resource,
    name: '*',
    operations: ['all'],
  })),
  { resource: 'cluster', operations: ['all'] },
]

const streamTopics = (): string[] => Object.values(STREAMS).map(stream => stream.topic)

/** The hub's topics an account may read, and whether it may write them too. */
export function topicsOf(
  controlState: Pick<ControlState, 'topics'>,
  account: AccountRecord,
): ReadonlyMap<string, 'read' | 'write'> {
  const found = new Map<string, 'read' | 'write'>()
  if (account.scopes.includes('stream:full'))
    for (const name of [...streamTopics(), ...Object.keys(STREAMS).map(noticesTopic)]) found.set(name, 'read')
  for (const name of account.topics ?? []) found.set(name, 'read')
  for (const { name, owners, state } of controlState.topics())
    if (state === 'active' && owners.includes(account.id)) found.set(name, 'write')
  if (account.role === 'producer') for (const name of streamTopics()) found.set(name, 'write')
  return found
}

/** The mirrors that have reported, each of which has every account's logins. */
export const mirrorsOf = ({ shards }: Pick<SubscriberState, 'shards'>): readonly string[] => [
  ...new Set(shards().map(({ mirror }) => mirror)),
]

/** The mirrors that a filter's topic can be read on: where it runs first, then where it ran, the newest first, as long as its topic is kept there. */
const mirrorsOfFilter = ({ placement, formerly = [] }: Pick<Manifest, 'placement' | 'formerly'>): string[] => [
  ...new Set([...(placement === null ? [] : [placement]), ...formerly].map(({ mirror }) => mirror)),
]

/** Where a credential's user is: with its topic, and where that was as long as it is kept there. */
export function brokersOfCredential(
  { filter }: Pick<SubscriberState, 'filter'>,
  { broker, topic: name }: Pick<CredentialRecord, 'broker' | 'topic'>,
): string[] {
  const prefix = topicOfFilter('')
  const manifest = name.startsWith(prefix) ? filter(name.slice(prefix.length)) : undefined
  return [...new Set([broker, ...(manifest?.formerly ?? []).map(({ mirror }) => mirror)])]
}

/** Topics of an account's filters on a mirror; of one that ran there too, as long as that is kept. */
export const filterTopicsOn = (
  { filters }: Pick<SubscriberState, 'filters'>,
  account: string,
  mirror: string,
): string[] =>
  filters()
    .filter(
      manifest =>
        manifest.owner === account && manifest.state !== 'deleted' && mirrorsOfFilter(manifest).includes(mirror),
    )
    .map(({ id }) => topicOfFilter(id))

/** A login's: what its account may read or write on that broker, by the account's role, and its consumer groups. */
export const aclsOfLogin = (
  controlState: SubscriberState,
  { user }: LoginRecord,
  account: AccountRecord,
  broker: string,
): Acl[] => {
  if (account.role === 'operator') return [...OPERATOR_ACLS]
  const acls =
    broker === HUB
      ? [...topicsOf(controlState, account)].map(([name, how]) =>
          topic(name, how === 'write' ? WRITE_OPERATIONS : READ_OPERATIONS),
        )
      : filterTopicsOn(controlState, account.id, broker).map(name => topic(name, READ_OPERATIONS))
  const names = user === account.id ? [user] : [account.id, user]
  const groups = names.flatMap(name => groupAcls(controlState, name, account.id))
  if (account.role === 'monitor') return [...acls, ...groups, ...MONITOR_ACLS]
  if (account.role !== 'producer' || broker !== HUB) return [...acls, ...groups]
  const ids: Acl[] = [
    { resource: 'transactional-id', name: `${account.id}.`, match: 'prefixed', operations: ['write', 'describe'] },
  ]
  return [...acls, ...groups, ...ids]
}

/**
 * A credential's: its one topic and its consumer groups. Of a topic of the hub only as long as the account may read it; a filter's users go with the
 * filter.
 */
export const aclsOfCredential = (controlState: SubscriberState, record: CredentialRecord): Acl[] => {
  const { user, topic: name, broker } = record
  const account = controlState.account(record.account)
  const may = broker !== HUB || account === undefined || topicsOf(controlState, account).has(name)
  return [...(may ? [topic(name, READ_OPERATIONS)] : []), ...groupAcls(controlState, user, record.account)]
}
