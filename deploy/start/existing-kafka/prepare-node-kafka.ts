// A node's start with a Kafka that is somebody else's: before MirrorMaker and workers connect, it is brought to what they need.
import { type JoinRequest } from '#api'
import { HubError, openAdmin } from '#hub'
import { DeployError } from '../../errors.ts'
import { type RetryContext } from '../access/until-done.ts'
import { accessOf, type Joined, type NodeKafka, type NodeLayout } from '../layout/node-layout.ts'
import { holdCluster } from './kafka-place.ts'
import { nodeNeeds } from './needs.ts'
import { type KafkaView, prepareExisting, reachKafka } from './prepare-existing.ts'

const HUB_RETRIES = 1

/** What the hub is told of it. Asked when the node joins; waits until that Kafka answers. */
export const joinKafka = async (kafka: NodeKafka, retry: RetryContext): Promise<NonNullable<JoinRequest['kafka']>> => {
  const { bootstrap, ca, users } = kafka
  return {
    bootstrap,
    ...(ca === undefined ? {} : { ca }),
    ...(users === undefined ? {} : { apiUser: users.api }),
    makesUsers: makesUsers(kafka, await reachKafka(kafka, retry)),
  }
}

/** Whether the API makes subscribers' users there: where nobody has made the node's own for it, and rights can be given. */
const makesUsers = ({ users }: NodeKafka, { mayAdminister, hasAuthorizer }: KafkaView): boolean =>
  users === undefined && mayAdminister && hasAuthorizer

/**
 * Resolves when all that the node needs is there. Throws DeployError DEPLOY_KAFKA where it is the hub's own Kafka: topics have the same names on
 * both, so MirrorMaker would copy each onto itself without end.
 */
export const prepareNodeKafka = async (
  node: NodeLayout,
  kafka: NodeKafka,
  joined: Joined,
  retry: RetryContext,
): Promise<void> => {
  const view = await reachKafka(kafka, retry)
  if ((await hubCluster(node, joined)) === view.id)
    throw new DeployError(
      'DEPLOY_KAFKA',
      `The Kafka at ${kafka.bootstrap} is the hub's own, and a node needs another one: it has topics of the same names. Give --node-kafka a file of another cluster.`,
    )
  holdCluster(node.dir, view.id)
  await prepareExisting(nodeNeeds(node, kafka, joined, makesUsers(kafka, view)), { ...retry, kafka, dir: node.dir })
}

/** Undefined while the hub is away, which at a first start it is not. */
const hubCluster = async (node: NodeLayout, joined: Joined): Promise<string | undefined> => {
  const admin = openAdmin(accessOf(node, joined, 'worker').hub, 'skysieve-start', HUB_RETRIES)
  try {
    return (await admin.viewCluster()).id
  } catch (error) {
    if (error instanceof HubError) return undefined
    throw error
  } finally {
    await admin.close().catch(() => undefined)
  }
}
