// What is made in a node's broker before anything connects to it.
import { prepareNode } from '#mirrors'
import { accessOf, type Joined, type NodeLayout } from '../layout/node-layout.ts'
import { nodeAcls } from './broker-acls.ts'
import { keepPartitions } from './hub-topics.ts'
import { prepareAccess } from './prepare-broker.ts'
import { type RetryContext } from './until-done.ts'

/** Users, ACLs and topics of a node, as often as it is called. */
export const prepareNodeAccess = (node: NodeLayout, joined: Joined, retry: RetryContext): Promise<void> => {
  const { name, broker, shards } = node
  const own = (['mirrorMaker', 'worker'] as const).map(part => accessOf(node, joined, part).node)
  return prepareAccess(
    broker,
    [joined.apiUser, ...own],
    nodeAcls(name),
    async admin =>
      prepareNode(admin, {
        alertTopics: await keepPartitions(admin, joined.alertTopics),
        shards,
        ...(broker.retention === undefined ? {} : { retention: broker.retention }),
      }),
    retry,
  )
}
