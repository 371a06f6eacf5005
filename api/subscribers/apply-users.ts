// Brings the Kafka users of a broker to what the control state says they shall be: password, ACLs and quota.
import { kafkaUsers } from './kafka-users.ts'
import { type SubscriberPlatform } from './subscriber-platform.ts'

/** Brings an account's users of a broker to what the control state says: a new one takes its share of the others' quota. */
export async function applyUsers(platform: SubscriberPlatform, account: string, broker: string): Promise<void> {
  const { controlState, settings } = platform
  const users = kafkaUsers(controlState, settings, account).filter(user => user.broker === broker)
  for (const { user } of users) await applyUser(platform, broker, user)
}

/** Makes a new user, and gives the account's others on the broker the smaller share that is theirs from now on: two requests however many there are. */
export async function applyNewUser(
  platform: SubscriberPlatform,
  account: string,
  broker: string,
  user: string,
): Promise<void> {
  await applyUser(platform, broker, user)
  await shareQuota(platform, account, broker)
}

/** Shares the account's quota among its users of a broker. */
export const shareQuota = (
  { controlState, settings, brokers }: SubscriberPlatform,
  account: string,
  broker: string,
): Promise<void> =>
  brokers.applyQuotas(broker, () => kafkaUsers(controlState, settings, account).filter(one => one.broker === broker))

/** Brings one user of a broker to what the control state says; one that is leaving stays as it is. */
export const applyUser = (
  { controlState, settings, brokers }: SubscriberPlatform,
  broker: string,
  user: string,
): Promise<void> =>
  brokers.applyUser(broker, () =>
    kafkaUsers(controlState, settings).find(one => one.user === user && one.broker === broker),
  )
