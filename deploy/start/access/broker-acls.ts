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
  UPSTREAM_TRANSACTIONAL_IDS,
  UPSTREAMS_TOPIC,
} from '#hub'
import { STATUS_TOPIC, workerAcls, workerUser } from '#filters'
import { CONTROL_TOPICS, gapRecorderAcls, lagWatchAcls, mirrorMakerAcls, mirrorMakerUser } from '#mirrors'
import { API_USER, ARCHIVER_USER, HUB_USER, SIMULATOR_USER, UPSTREAM_USER } from '../layout/kafka-users.ts'

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

/** Of who takes surveys' streams in: packets, dead letters, how far it is and how it does. */
export const upstreamAcls = (user: string): readonly Grant[] =>
  of(user, [
    ...topics([...ALERT_TOPICS, HUB_DEAD_LETTERS], 'write'),
    ...topics([UPSTREAMS_TOPIC, STATUS_TOPIC], 'read', 'write'),
    prefixed('transactional-id', UPSTREAM_TRANSACTIONAL_IDS, 'write', 'describe'),
  ])

/** On the hub, nodes aside: its service keeps schemas and writes the clock, the simulator plays, the archiver reads and announces. */
export const hubAcls: readonly Grant[] = [
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
  ...upstreamAcls(UPSTREAM_USER),
  ...apiAcls(API_USER).hub,
]

const ofNode = (node: string) => [
  mirrorMakerAcls(node, MIRRORED_TOPICS),
  gapRecorderAcls(mirrorMakerUser(node), ALERT_TOPICS),
  workerAcls(node, ALERT_TOPICS),
  lagWatchAcls(workerUser(node), ALERT_TOPICS),
]

/**
 * What a node's two users may do on the hub: MirrorMaker reads, the worker reports and looks how far the alerts are. One that does not report alone, as
 * nodes of former versions, may write the topic they share besides its own.
 */
export const nodeHubAcls = (node: string, { reportsAlone }: { readonly reportsAlone: boolean }): readonly Grant[] => [
  ...ofNode(node).flatMap(({ hub }) => hub),
  ...(reportsAlone ? [] : topics([STATUS_TOPIC], 'write').map(acl => ({ ...acl, user: workerUser(node) }))),
]

/** On a node: MirrorMaker writes and records what it lost, the worker reads alerts and control topics and writes what comes out of them. */
export const nodeAcls = (node: string): readonly Grant[] => [
  ...ofNode(node).flatMap(acls => acls.node),
  ...apiAcls(API_USER).node,
]
