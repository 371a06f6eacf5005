// The administrator of a node's broker has a password of the node's own. A broker that was made when a whole system had one is given it here.
import { ADMIN_USER, adminAccess, awaitBroker, type AwaitOptions, type BrokerSettings, HubError, openAdmin } from '#hub'
import { type NodeLayout } from '../layout/node-layout.ts'
import { forgetFormerAdmin, formerAdmin } from '../layout/node-secrets.ts'

/** As awaitBroker. Safe after a kill at any point: the former password is forgotten only when the broker takes the new one. */
export const awaitNodeBroker = async ({ dir, broker }: NodeLayout, options: AwaitOptions): Promise<void> => {
  const former = formerAdmin(dir)
  if (former !== undefined) await changeAdmin(broker, former, options)
  await awaitBroker(broker, options)
  forgetFormerAdmin(dir)
}

const changeAdmin = async (broker: BrokerSettings, former: string, options: AwaitOptions): Promise<void> => {
  const before = { ...broker, secrets: { ...broker.secrets, admin: former } }
  try {
    await awaitBroker(before, options)
  } catch (error) {
    // It has the new one already.
    if (error instanceof HubError && error.code === 'HUB_BROKER_SECRETS') return
    throw error
  }
  const admin = openAdmin(adminAccess(before))
  try {
    await admin.upsertUser(ADMIN_USER, broker.secrets.admin)
  } finally {
    await admin.close().catch(() => undefined)
  }
}
