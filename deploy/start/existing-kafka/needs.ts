// What a node or a hub needs in a Kafka that is somebody else's: topics, users, and what these may do. Pure.
import { type Grant, REGISTRY_TRANSACTIONAL_ID, STREAMS, type TopicSpec } from '#hub'
import { workerUser } from '#filters'
import { mirrorMakerUser, nodeTopics } from '#mirrors'
import { hubAcls, nodeAcls } from '../access/broker-acls.ts'
import { hubTopics } from '../access/hub-topics.ts'
import { type Login } from '../layout/broker-access.ts'
import { API_USER, HUB_USER } from '../layout/kafka-users.ts'
import { type Joined, type NodeKafka, type NodeLayout } from '../layout/node-layout.ts'
import { type StartOptions } from '../layout/options.ts'

export interface TopicNeed extends TopicSpec {
  /** One that has other partitions is of no use; of alerts MirrorMaker adds what lacks. */
  readonly isFixed: boolean
}

export interface Needs {
  readonly topics: readonly TopicNeed[]
  readonly logins: readonly Login[]
  readonly grants: readonly Grant[]
  /** One of these users, and a transactional id that nobody has at a start: a transaction is begun and ended, as nothing works without. */
  readonly transactions: { readonly user: string; readonly id: string }
}

/** Settings without which something would be lost or refused. What is kept for how long, its operator decides. */
const VITAL = ['cleanup.policy', 'max.message.bytes', 'message.timestamp.type'] as const

/** Those of the settings that a topic has to have that is there already. */
export const vitalOf = ({ configs = {} }: Pick<TopicSpec, 'configs'>): Readonly<Record<string, string>> =>
  Object.fromEntries(VITAL.flatMap(name => (configs[name] === undefined ? [] : [[name, String(configs[name])]])))

/** `makesUsers`: whether the API makes subscribers' users there, for which it needs the rights of an administrator. */
export const nodeNeeds = (
  { name, shards, secrets }: Pick<NodeLayout, 'name' | 'shards' | 'secrets'>,
  { replicationFactor, users }: Pick<NodeKafka, 'replicationFactor' | 'users'>,
  { alertTopics, apiUser }: Pick<Joined, 'alertTopics' | 'apiUser'>,
  makesUsers: boolean,
): Needs => {
  const own = {
    mirrorMaker: { user: mirrorMakerUser(name), password: secrets.mirrorMaker },
    worker: { user: workerUser(name), password: secrets.worker },
    api: apiUser,
    ...users,
  }
  const names = new Map([
    [mirrorMakerUser(name), own.mirrorMaker.user],
    [workerUser(name), own.worker.user],
    [API_USER, own.api.user],
  ])
  const growing = new Set(alertTopics.map(topic => topic.name))
  return {
    topics: nodeTopics({ alertTopics, shards }).map(topic => ({
      ...topic,
      ...(replicationFactor === undefined ? {} : { replicas: replicationFactor }),
      isFixed: !growing.has(topic.name),
    })),
    logins: [own.mirrorMaker, own.worker, own.api],
    grants: nodeAcls(name)
      .map(grant => (makesUsers ? grant : withoutPower(grant)))
      .map(grant => renamed(grant, names)),
    transactions: { user: own.worker.user, id: `skysieve.${name}.check` },
  }
}

/** Of a hub, whose API makes its nodes' users and subscribers': without those rights it would be none. */
export const hubNeeds = (
  options: Pick<StartOptions, 'alerts' | 'partitions'>,
  { replicationFactor }: Pick<NodeKafka, 'replicationFactor'>,
  logins: readonly Login[],
): Needs => {
  const growing = new Set(Object.values(STREAMS).map(({ topic }) => topic))
  const replicas = replicationFactor === undefined ? {} : { replicas: replicationFactor }
  return {
    topics: hubTopics(options).map(topic => ({ ...topic, ...replicas, isFixed: !growing.has(topic.name) })),
    logins,
    grants: hubAcls,
    transactions: { user: HUB_USER, id: REGISTRY_TRANSACTIONAL_ID },
  }
}

/** Who makes no users looks at the cluster and no more. */
const withoutPower = (grant: Grant): Grant =>
  grant.resource === 'cluster' ? { ...grant, operations: ['describe'] } : grant

/** A user's groups begin with its name. */
const renamed = (grant: Grant, names: ReadonlyMap<string, string>): Grant => {
  const user = names.get(grant.user) ?? grant.user
  const isOwnGroup = grant.resource === 'group' && grant.name?.startsWith(grant.user) === true
  return { ...grant, user, ...(isOwnGroup ? { name: `${user}${grant.name?.slice(grant.user.length)}` } : {}) }
}
