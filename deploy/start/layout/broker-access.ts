// How a user of this system reaches one of its brokers.
import { adminAccess, type BrokerAccess, type BrokerSettings } from '#hub'
import { type Secrets } from './secrets.ts'

export const accessOf = (broker: BrokerSettings, secrets: Secrets, user: string): BrokerAccess => ({
  ...adminAccess(broker),
  user,
  password: passwordOf(secrets, user),
})

export const passwordOf = (secrets: Secrets, user: string): string => {
  const password = secrets.users[user]
  if (password === undefined) throw new RangeError(`no password was made for user ${user}`)
  return password
}
