// What the control topics say now, from memory: what every route and job knows about accounts, filters and nodes.
// In: the replayed topics (control-logs.ts). Out: records by id and in lists.
import { type Manifest } from '#filters'
import {
  type AccountRecord,
  type AccountsValue,
  type CredentialRecord,
  type LoginRecord,
  type TokenRecord,
  type TopicRecord,
} from './account-records.ts'
import { nodeKey, type NodeRecord } from './node-records.ts'
import { type FilterStatus, type ShardStatus, type StatusValue, type UpstreamStatus } from './status-records.ts'

/** A replayed control topic, as far as reading goes. */
export interface Log<T> {
  get(key: string): T | undefined
  entries(): Iterable<readonly [string, T]>
}

export interface ControlState {
  /** SHA-256 in hex of the administrator's token, from the configuration. */
  readonly adminTokenSha256: string
  token(id: string): TokenRecord | undefined
  account(id: string): AccountRecord | undefined
  accounts(): AccountRecord[]
  tokensOf(account: string): TokenRecord[]
  credential(user: string): CredentialRecord | undefined
  credentials(): CredentialRecord[]
  login(user: string): LoginRecord | undefined
  logins(): LoginRecord[]
  /** Topics that were made through the API. */
  topic(name: string): TopicRecord | undefined
  topics(): TopicRecord[]
  filter(id: string): Manifest | undefined
  /** All manifests, deleted ones too, oldest first. */
  filters(): Manifest[]
  /** What its node last reported of a filter. */
  statusOf(filter: string): FilterStatus | undefined
  /** What the mirrors' shards last reported, in their order. */
  shards(): ShardStatus[]
  /** What was last reported of the surveys that the hub takes streams from, by name. */
  upstreams(): UpstreamStatus[]
  /** A node that was added, whether it has joined or not. */
  node(name: string): NodeRecord | undefined
  nodes(): NodeRecord[]
}

const valuesOf = <T>(log: Log<T>): T[] => [...log.entries()].map(([, value]) => value)

/** ControlState over the replayed logs and the administrator's hash from the configuration. */
export function openControlState(
  logs: {
    accounts: Log<AccountsValue>
    filters: Log<Manifest>
    status: Log<StatusValue>
    nodes: Log<NodeRecord>
  },
  adminTokenSha256: string,
): ControlState {
  const records = <K extends AccountsValue['kind']>(kind: K): Extract<AccountsValue, { kind: K }>[] =>
    valuesOf(logs.accounts).filter((value): value is Extract<AccountsValue, { kind: K }> => value.kind === kind)
  const one = <K extends AccountsValue['kind']>(kind: K, id: string): Extract<AccountsValue, { kind: K }> | undefined =>
    logs.accounts.get(`${kind}/${id}`) as Extract<AccountsValue, { kind: K }> | undefined
  return {
    adminTokenSha256,
    token: id => one('token', id),
    account: id => one('account', id),
    accounts: () => records('account'),
    tokensOf: account => records('token').filter(token => token.account === account),
    credential: user => one('credential', user),
    credentials: () => records('credential'),
    login: user => one('login', user),
    logins: () => records('login'),
    topic: name => one('topic', name),
    topics: () => records('topic'),
    filter: id => logs.filters.get(id),
    filters: () =>
      valuesOf(logs.filters).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || (a.id < b.id ? -1 : 1)),
    statusOf(filter) {
      const status = logs.status.get(filter)
      return status && 'filter' in status ? status : undefined
    },
    shards: () =>
      valuesOf(logs.status)
        .filter((status): status is ShardStatus => 'shard' in status && !('filter' in status))
        .toSorted((a, b) => a.mirror.localeCompare(b.mirror, 'en', { numeric: true }) || a.shard - b.shard),
    upstreams: () =>
      valuesOf(logs.status)
        .filter((status): status is UpstreamStatus => 'upstream' in status)
        .toSorted((a, b) => (a.upstream < b.upstream ? -1 : 1)),
    node: name => logs.nodes.get(nodeKey(name)),
    nodes: () => valuesOf(logs.nodes),
  }
}
