// Brings a node's broker to the state in which MirrorMaker and workers may start. Safe to repeat, and after a kill at any point.
import { type ClusterAdmin } from '#hub'
import { MirrorError } from '../errors.ts'
import { nodeTopics, type NodeTopicsOptions } from './node-topics.ts'

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined

/**
 * Makes the node's topics and sets what differs (retention may have changed). An alert topic that has grown keeps its partitions:
 * MirrorMaker adds those the hub added. Throws MirrorError MIRROR_NODE_TOPIC where the number of shards is another one than the
 * node was made with, and the hub's HubError where the broker does not answer.
 */
export const prepareNode = async (
  admin: Pick<ClusterAdmin, 'createTopics' | 'describeTopic'>,
  options: NodeTopicsOptions,
): Promise<void> => {
  const alertTopics = await Promise.all(
    options.alertTopics.map(async ({ name, partitions }) => {
      const existing = await admin.describeTopic(name)
      return { name, partitions: existing?.partitions ?? partitions }
    }),
  )
  try {
    await admin.createTopics(nodeTopics({ ...options, alertTopics }))
  } catch (error) {
    if (codeOf(error) !== 'HUB_TOPIC_DIFFERS') throw error
    throw new MirrorError(
      'MIRROR_NODE_TOPIC',
      `${error instanceof Error ? error.message : String(error)}. The number of shards of a node (now ${options.shards}) is fixed when it is made; set it back, or make a new node`,
      { cause: error },
    )
  }
}
