// How a user reaches a broker of this machine.
import { adminAccess, type BrokerAccess, type BrokerSettings } from '#hub'

export type Login = Pick<BrokerAccess, 'user' | 'password'>

export const accessAs = (broker: BrokerSettings, { user, password }: Login): BrokerAccess => ({
  ...adminAccess(broker),
  user,
  password,
})
