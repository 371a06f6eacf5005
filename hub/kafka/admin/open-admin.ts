// In: how to reach a broker as an administrator. Out: calls for topics, ACLs, users and quotas, groups and offsets, a file for each. One connection;
// calls run one after another, as the library would hand one call's answer to another of the same kind.
import { Admin } from '@platformatic/kafka'
import { type AdminCall } from './admin-call.ts'
import { type BrokerAccess } from '../broker-access.ts'
import { aclCalls, type AclCalls } from './acls.ts'
import { clusterCalls, type ClusterCalls } from './cluster.ts'
import { groupCalls, type GroupCalls } from './groups.ts'
import { keystoreCalls, type KeystoreCalls } from './keystores.ts'
import { offsetCalls, type OffsetCalls } from './offsets.ts'
import { ownRightsCalls, type OwnRightsCalls } from './own-rights.ts'
import { topicCalls, type TopicCalls } from './topics.ts'
import { userCalls, type UserCalls } from './users-and-quotas.ts'
import { patchConnections } from '../library-patches/platformatic-connections.ts'
import { kafkaFailure } from '../client-errors.ts'
import { platformaticLogin } from '../login-settings.ts'
import { openQueue } from '../serial-queue.ts'

export interface ClusterAdmin
  extends TopicCalls, UserCalls, AclCalls, OffsetCalls, GroupCalls, ClusterCalls, OwnRightsCalls, KeystoreCalls {
  close: () => Promise<void>
}

const RETRIES = 20
const RETRY_DELAY_MS = 100
const TIMEOUT_MS = 15_000

/** Opens the administration of a cluster. Connects when first used. Every call throws HubError, after so many `retries`. */
export const openAdmin = (access: BrokerAccess, clientId = 'skysieve-admin', retries = RETRIES): ClusterAdmin => {
  patchConnections()
  const admin = new Admin({
    clientId,
    ...platformaticLogin(access),
    retries,
    retryDelay: RETRY_DELAY_MS,
    timeout: TIMEOUT_MS,
    metadataMaxAge: 1000,
  })
  const queue = openQueue()
  const call: AdminCall = (what, run) =>
    queue(async () => {
      try {
        return await run(admin)
      } catch (error) {
        throw kafkaFailure(`${what} on ${access.bootstrap} as ${access.user}`, error, 'HUB_ADMIN_FAILED')
      }
    })
  return {
    ...topicCalls(call),
    ...userCalls(call),
    ...aclCalls(call),
    ...offsetCalls(call),
    ...groupCalls(call),
    ...clusterCalls(call),
    ...ownRightsCalls(call),
    ...keystoreCalls(call),
    close: () => queue(() => admin.close()),
  }
}
