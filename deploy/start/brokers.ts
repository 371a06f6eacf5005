// The brokers of a system as supervised processes, and what is made in them before anything connects: users, rights, topics.
import {
  adminAccess,
  awaitBroker,
  brokerCommand,
  brokerFault,
  openAdmin,
  prepareBroker,
  type BrokerAccess,
  type BrokerSettings,
  type ClusterAdmin,
  type Command,
  type Grant,
} from '#hub'
import { type Secrets } from './secrets.ts'
import { type ProcessSpec } from './supervisor.ts'
import { type Patience, untilDone } from './until-done.ts'

export const brokerProcess = (
  name: string,
  settings: BrokerSettings,
  speedUp: (command: Command) => Command,
): ProcessSpec => ({
  name,
  command: async () => {
    await prepareBroker(settings)
    return speedUp(brokerCommand(settings))
  },
  ready: (signal, say) => awaitBroker(settings, { signal, limitMs: Infinity, onFailure: say }),
  explain: lines => lines.map(line => brokerFault(settings.name, line)).find(fault => fault !== undefined)?.message,
})

/** Makes users and rights, as often as it is called; then what the caller adds, which may be repeated too. */
export const prepareAccess = async (
  broker: BrokerSettings,
  secrets: Secrets,
  users: readonly string[],
  rights: readonly Grant[],
  more: (admin: ClusterAdmin) => Promise<void>,
  patience: Patience,
): Promise<void> =>
  untilDone(`${broker.name}-access`, patience, async () => {
    const admin = openAdmin(adminAccess(broker))
    try {
      for (const user of users) await admin.upsertUser(user, passwordOf(secrets, user))
      await admin.grant(rights)
      await more(admin)
    } finally {
      await admin.close().catch(() => undefined)
    }
  })

export const accessOf = (broker: BrokerSettings, secrets: Secrets, user: string): BrokerAccess => ({
  ...adminAccess(broker),
  user,
  password: passwordOf(secrets, user),
})

const passwordOf = (secrets: Secrets, user: string): string => {
  const password = secrets.users[user]
  if (password === undefined) throw new RangeError(`no password was made for user ${user}`)
  return password
}
