// Of which brokers a cluster is, and which of them does what: who leads, who coordinates, who keeps up.
import { type Admin, describeGroupsV5, describeQuorumV2, FindCoordinatorKeyTypes } from '@platformatic/kafka'
import { HubError } from '../../errors.ts'
import { type AdminCall } from './admin-call.ts'
import { connectionOf, connectionTo } from './connection-of.ts'

export interface ClusterBroker {
  readonly id: number
  readonly host: string
  readonly port: number
}

/** A partition as its leader sees it. */
interface ReplicatedPartition {
  readonly leader: number
  /** Brokers that have all of it. */
  readonly inSync: readonly number[]
}

export interface ClusterCalls {
  /** Those that are there now: one whose session is over is not. */
  brokers: () => Promise<readonly ClusterBroker[]>
  /** The id of the one that leads the quorum. */
  controller: () => Promise<number>
  /** The id of the one that coordinates a consumer group. */
  coordinator: (group: string) => Promise<number>
  /** Members of a group of any kind, and the addresses they connect from. */
  memberHosts: (group: string) => Promise<readonly { readonly memberId: string; readonly host: string }[]>
  /** By partition. Throws HUB_TOPIC_UNKNOWN. */
  replicas: (topic: string) => Promise<readonly ReplicatedPartition[]>
}

const QUORUM = '__cluster_metadata'

const coordinatorOf = async (admin: Admin, group: string) => {
  const [found] = await admin.findCoordinator({ keyType: FindCoordinatorKeyTypes.GROUP, keys: [group] })
  return found
}

const metadataOf = (admin: Admin, topics: string[]) => admin.metadata({ topics, forceUpdate: true })

export const clusterCalls = (call: AdminCall): ClusterCalls => ({
  brokers: () =>
    call('Looking up the brokers', async admin => {
      const { brokers } = await metadataOf(admin, [])
      return [...brokers].map(([id, { host, port }]) => ({ id, host, port }))
    }),
  controller: () =>
    call('Looking up the controller', async admin => {
      const topics = [{ topicName: QUORUM, partitions: [{ partitionIndex: 0 }] }]
      const answer = await describeQuorumV2.api.async(await connectionOf(admin), topics)
      return answer.topics[0]?.partitions[0]?.leaderId ?? -1
    }),
  coordinator: group =>
    call(`Looking up the coordinator of ${group}`, async admin => (await coordinatorOf(admin, group))?.nodeId ?? -1),
  memberHosts: group =>
    call(`Looking up who is in ${group}`, async admin => {
      const coordinator = await coordinatorOf(admin, group)
      if (coordinator === undefined) throw new HubError('HUB_UNREACHABLE', `Nobody coordinates ${group}`)
      const { groups } = await describeGroupsV5.api.async(await connectionTo(admin, coordinator), [group], false)
      // Java's way to write an address.
      return (groups[0]?.members ?? []).map(({ memberId, clientHost }) => ({ memberId, host: clientHost.slice(1) }))
    }),
  replicas: topic =>
    call(`Looking up the replicas of ${topic}`, async admin => {
      const found = (await metadataOf(admin, [topic])).topics.get(topic)
      if (found === undefined) throw new HubError('HUB_TOPIC_UNKNOWN', `There is no topic ${topic}`)
      return found.partitions.map(({ leader, isr }) => ({ leader, inSync: isr }))
    }),
})
