// What is made in a node's broker before anything connects to it.
import { STREAMS } from '#hub'
import { prepareNode } from '#mirrors'
import { nodeUsers } from '../layout/kafka-users.ts'
import { type Layout, type NodeLayout } from '../layout/layout.ts'
import { nodeAcls } from './broker-acls.ts'
import { keepPartitions } from './hub-topics.ts'
import { prepareAccess } from './prepare-broker.ts'
import { type RetryContext } from './until-done.ts'

/** Users, ACLs and topics of a node, as often as it is called. */
export const prepareNodeAccess = (
  { secrets, options: { partitions } }: Layout,
  { name, broker, shards }: NodeLayout,
  retry: RetryContext,
): Promise<void> =>
  prepareAccess(
    broker,
    secrets,
    nodeUsers(name),
    nodeAcls(name),
    async admin =>
      prepareNode(admin, {
        alertTopics: await keepPartitions(
          admin,
          Object.values(STREAMS).map(({ topic }) => ({ name: topic, partitions })),
        ),
        shards,
        ...(broker.retention === undefined ? {} : { retention: broker.retention }),
      }),
    retry,
  )
