// What a user sees of a cluster that may be somebody else's: which one it is, and what this user itself may do there. Neither needs a right.
import { describeClusterV1, metadataV12 } from '@platformatic/kafka'
import { isProtocolError } from '../client-errors.ts'
import { type AclOperation, operationsIn } from './acls.ts'
import { type AdminCall } from './admin-call.ts'
import { connectionOf } from './connection-of.ts'

interface ClusterView {
  /** The same from all its brokers, and for ever. */
  readonly id: string
  /** What the user may do with the cluster as a whole; all of it for a super user, or where there is no authorizer. */
  readonly operations: readonly AclOperation[]
}

export interface OwnRightsCalls {
  /** Throws HUB_NOT_AUTHORIZED only where the login itself is refused. */
  viewCluster: () => Promise<ClusterView>
  /** What the user may do with a topic: nothing where it may not even see it, undefined where there is none. */
  topicOperations: (name: string) => Promise<readonly AclOperation[] | undefined>
}

/** Brokers, not controllers, are asked. */
const BROKERS = 1

export const ownRightsCalls = (call: AdminCall): OwnRightsCalls => ({
  viewCluster: () =>
    call('Looking at the cluster', async admin => {
      const connection = await connectionOf(admin)
      const { clusterId, clusterAuthorizedOperations } = await describeClusterV1.api.async(connection, true, BROKERS)
      return { id: clusterId, operations: operationsIn(clusterAuthorizedOperations) }
    }),
  topicOperations: name =>
    call(`Looking up what is allowed on topic ${name}`, async admin => {
      const connection = await connectionOf(admin)
      try {
        const { topics } = await metadataV12.api.async(connection, [name], false, true)
        return topics[0] && operationsIn(topics[0].topicAuthorizedOperations)
      } catch (error) {
        if (isProtocolError(error, 'TOPIC_AUTHORIZATION_FAILED')) return []
        if (isProtocolError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return undefined
        throw error
      }
    }),
})
