// Who may do what on which broker: the whole table. Nothing is allowed that is not here; subscribers' rights are the API's to give.
import { STREAMS, type Grant } from '#hub'
import { API_USER, HUB_USER, mirrorUser, nodeNames, SIMULATOR_USER, workerUser } from './users.ts'

const ALERT_TOPICS = Object.values(STREAMS).map(({ topic }) => topic)

type Rights = Omit<Grant, 'user'>

const topics = (names: readonly string[], ...operations: Grant['operations']): Rights[] =>
  names.map(name => ({ resource: 'topic', name, operations }))
const topicsLike = (prefix: string, ...operations: Grant['operations']): Rights => ({
  resource: 'topic',
  name: prefix,
  match: 'prefixed',
  operations,
})
const transactions = (prefix: string): Rights => ({
  resource: 'transactional-id',
  name: prefix,
  match: 'prefixed',
  operations: ['write', 'describe'],
})
/** Groups named like the user, and beneath its name. */
const ownGroups = (user: string): Rights[] => [
  { resource: 'group', name: user, operations: ['read', 'delete'] },
  { resource: 'group', name: `${user}.`, match: 'prefixed', operations: ['read', 'delete'] },
]
const to = (user: string, rights: readonly Rights[]): Grant[] =>
  [...rights, ...ownGroups(user)].map(right => ({ user, ...right }))

/**
 * On the hub. The API makes subscribers' users and rights, which Kafka allows only to who may alter the cluster; a worker reports
 * the state of its filters; MirrorMaker reads only.
 */
export const hubRights = (nodes: number): readonly Grant[] => [
  ...to(HUB_USER, [...topics(['_schemas'], 'read', 'write'), transactions(`${HUB_USER}.`)]),
  ...to(SIMULATOR_USER, topics(ALERT_TOPICS, 'write')),
  ...to(API_USER, [
    ...topics(['skysieve.filters', 'skysieve.accounts', 'skysieve.audit'], 'read', 'write'),
    ...topics(['skysieve.status', 'skysieve.leader', '_schemas'], 'read'),
    ...topics(ALERT_TOPICS, 'describe', 'describe-configs'),
    transactions('skysieve.api'),
    { resource: 'cluster', operations: ['describe', 'alter', 'idempotent-write'] },
  ]),
  ...nodeNames(nodes).flatMap(node => [
    ...to(mirrorUser(node), topics([...ALERT_TOPICS, '_schemas', 'skysieve.filters'], 'read', 'describe-configs')),
    ...to(workerUser(node), [
      ...topics(['skysieve.status'], 'write'),
      ...topics(ALERT_TOPICS, 'describe'),
      transactions(`skysieve.${node}.`),
    ]),
  ]),
]

/** On a node, besides MirrorMaker's: the worker reads alerts and control topics and writes what comes out of them. */
export const nodeRights = (node: string): readonly Grant[] => [
  ...to(workerUser(node), [
    ...topics([...ALERT_TOPICS, '_schemas', 'skysieve.filters', 'skysieve.shards'], 'read'),
    ...topics(['skysieve.progress', 'skysieve.dead-letters'], 'read', 'write'),
    ...topics(['skysieve.over-cap', 'skysieve.logs'], 'write'),
    topicsLike('filter.', 'read', 'write', 'create', 'delete', 'describe-configs', 'alter-configs'),
    { resource: 'group', name: 'filter.', match: 'prefixed', operations: ['read', 'delete'] },
    transactions(`skysieve.${node}.`),
    { resource: 'cluster', operations: ['describe', 'idempotent-write'] },
  ]),
  ...to(API_USER, [
    topicsLike('filter.', 'read', 'create', 'delete', 'describe-configs', 'alter-configs'),
    ...topics(['skysieve.over-cap', 'skysieve.logs', 'skysieve.dead-letters'], 'read'),
    ...topics(ALERT_TOPICS, 'describe', 'describe-configs'),
    { resource: 'group', name: 'filter.', match: 'prefixed', operations: ['describe'] },
    { resource: 'cluster', operations: ['describe', 'alter'] },
  ]),
]
