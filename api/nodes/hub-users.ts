// The two Kafka users that each node has on the hub, by which its MirrorMaker reads and its worker reports: worked out from its record. They are the
// system's: no account's quota counts them.
import { HUB, type KafkaUser } from '../brokers/brokers.ts'
import { type NodeRecord } from '../control/node-records.ts'
import { type NodeJoining, type NodePlatform } from './node-platform.ts'

/** No account has this name: it is reserved. */
const SYSTEM = 'skysieve'
const UNLIMITED = { consumerBytesPerSecond: null, producerBytesPerSecond: null, requestPercent: null }

/** Users there shall be on the hub: those of every node that has joined and is not being removed. */
export const nodeHubUsers = (nodes: readonly NodeRecord[], { nodeAcls }: Pick<NodeJoining, 'nodeAcls'>): KafkaUser[] =>
  nodes
    .filter(({ state }) => state !== 'expected' && state !== 'removing')
    .flatMap(({ name, hubUsers, reportsAlone = false }) => {
      const acls = nodeAcls(name, { reportsAlone })
      return hubUsers.map(kept => ({
        ...kept,
        broker: HUB,
        account: SYSTEM,
        grants: acls.filter(({ user }) => user === kept.user),
        quota: UNLIMITED,
      }))
    })

/** Brings one of these users to what the records say; one that shall not be stays as it is. Throws ApiError API_MIRROR_DOWN. */
export const applyNodeUser = ({ controlState, brokers, joining }: NodePlatform, user: string): Promise<void> =>
  brokers.applyUser(HUB, () => nodeHubUsers(controlState.nodes(), joining).find(one => one.user === user))
