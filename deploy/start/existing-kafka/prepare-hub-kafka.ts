// A hub's start with a Kafka that is somebody else's: before its services connect, it is brought to what they need.
import { DeployError } from '../../errors.ts'
import { type RetryContext } from '../access/until-done.ts'
import { type NodeKafka } from '../layout/node-layout.ts'
import { holdCluster } from './kafka-place.ts'
import { type Needs } from './needs.ts'
import { prepareExisting, reachKafka } from './prepare-existing.ts'

/** `dir` is the hub's folder. Resolves when all that it needs is there. Throws DeployError DEPLOY_KAFKA where there are no rights to give. */
export const prepareHubKafka = async (
  needs: Needs,
  kafka: NodeKafka,
  dir: string,
  retry: RetryContext,
): Promise<void> => {
  const { id, hasAuthorizer } = await reachKafka(kafka, retry)
  if (!hasAuthorizer)
    throw new DeployError(
      'DEPLOY_KAFKA',
      `The Kafka at ${kafka.bootstrap} has no authorizer, so everybody who logs in could write over all that a hub knows. Its operator sets authorizer.class.name (Strimzi: authorization.type simple), or a hub keeps a broker of its own: start without --hub-kafka.`,
    )
  holdCluster(dir, id)
  await prepareExisting(needs, { ...retry, kafka, dir })
}
