// What is made in a broker before anything connects to it: users, then what they may do, then topics.
import { adminAccess, openAdmin, type BrokerSettings, type ClusterAdmin, type Grant } from '#hub'
import { type Login } from '../layout/broker-access.ts'
import { type RetryContext, untilDone } from './until-done.ts'

/** Makes users and ACLs, as often as it is called; then what the caller adds, which may be repeated too. */
export const prepareAccess = async (
  broker: BrokerSettings,
  logins: readonly Login[],
  acls: readonly Grant[],
  more: (admin: ClusterAdmin) => Promise<void>,
  retry: RetryContext,
): Promise<void> =>
  untilDone(`${broker.name}-access`, retry, async () => {
    const admin = openAdmin(adminAccess(broker))
    try {
      for (const { user, password } of logins) await admin.upsertUser(user, password)
      await admin.grant(acls)
      await more(admin)
    } finally {
      await admin.close().catch(() => undefined)
    }
  })
