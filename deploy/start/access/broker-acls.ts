// Who may do what on which broker: the whole table. Nothing is allowed that is not here; subscribers' ACLs are the API's to give.
import { apiAcls } from '#api'
import {
  ARCHIVE_TOPIC,
  archiverTransactionalId,
  CLOCK_TOPIC,
  type Grant,
  HUB_DEAD_LETTERS,
  noticesTopic,
  REGISTRY_TRANSACTIONAL_ID,
  STREAMS,
} from '#hub'
import { workerAcls, workerUser } from '#filters'
import { CONTROL_TOPICS, lagWatchAcls, mirrorMakerAcls } from '#mirrors'
import { API_USER, ARCHIVER_USER, HUB_USER, nodeNames, SIMULATOR_USER } from '../layout/kafka-users.ts'

const ALERT_TOPICS = Object.values(STREAMS).map(({ topic }) => topic)
/** What MirrorMaker copies: alerts, schemas, filters, and the hub's clock. */
export const MIRRORED_TOPICS = [...ALERT_TOPICS, ...CONTROL_TOPICS, CLOCK_TOPIC]

type Acl = Omit<Grant, 'user'>

const topics = (names: readonly string[], ...operations: Grant['operations']): Acl[] =>
  names.map(name => ({ resource: 'topic', name, operations }))
const prefixed = (resource: Grant['resource'], name: string, ...operations: Grant['operations']): Acl => ({
  resource,
  name,
  match: 'prefixed',
  operations,
})

/** A user's ACLs, with those every user has: groups of its name, and beneath it. */
const of = (user: string, acls: readonly Acl[]): Grant[] => {
  const groups: Acl[] = [
    { resource: 'group', name: user, operations: ['read', 'delete'] },
    prefixed('group', `${user}.`, 'read', 'delete'),
  ]
  return [...acls, ...groups].map(acl => ({ user, ...acl }))
}

/** On the hub: the hub's service keeps schemas and writes the clock, the simulator plays, the archiver reads and announces, MirrorMaker reads, workers report. */
export const hubAcls = (nodes: number): readonly Grant[] => [
  ...of(HUB_USER, [
    ...topics(['_schemas'], 'read', 'write'),
    ...topics([CLOCK_TOPIC], 'write'),
    { resource: 'transactional-id', name: REGISTRY_TRANSACTIONAL_ID, operations: ['write', 'describe'] },
  ]),
  ...of(SIMULATOR_USER, topics(ALERT_TOPICS, 'write')),
  ...of(ARCHIVER_USER, [
    ...topics([...ALERT_TOPICS, '_schemas'], 'read'),
    ...topics([...Object.keys(STREAMS).map(noticesTopic), HUB_DEAD_LETTERS], 'write'),
    ...topics([ARCHIVE_TOPIC], 'read', 'write'),
    ...Object.keys(STREAMS).map((stream): Acl => ({
      resource: 'transactional-id',
      name: archiverTransactionalId(stream),
      operations: ['write', 'describe'],
    })),
  ]),
  ...apiAcls(API_USER).hub,
  ...nodeNames(nodes).flatMap(node => [
    ...mirrorMakerAcls(node, MIRRORED_TOPICS).hub,
    ...workerAcls(node, ALERT_TOPICS).hub,
    ...lagWatchAcls(workerUser(node), ALERT_TOPICS).hub,
  ]),
]

/** On a node: the worker reads alerts and control topics and writes what comes out of them. */
export const nodeAcls = (node: string): readonly Grant[] => [
  ...mirrorMakerAcls(node, MIRRORED_TOPICS).node,
  ...workerAcls(node, ALERT_TOPICS).node,
  ...lagWatchAcls(workerUser(node), ALERT_TOPICS).node,
  ...apiAcls(API_USER).node,
]
