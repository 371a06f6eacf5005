// Users (SCRAM-SHA-512) and their quotas. The library has no call for users: its raw requests are used, in this file only.
import {
  ClientQuotaMatchTypes,
  alterUserScramCredentialsV0,
  describeUserScramCredentialsV0,
  ScramMechanisms,
} from '@platformatic/kafka'
import { HubError } from '../../errors.ts'
import { type AdminCall } from './admin-call.ts'
import { connectionOf } from './connection-of.ts'
import { isProtocolError } from '../client-errors.ts'
import { saltPassword, SCRAM_ITERATIONS, type SaltedPassword } from './scram-password.ts'

/** Bytes and percent a user may take of a broker; null lifts a limit. */
export interface UserQuota {
  readonly consumerBytesPerSecond?: number | null
  readonly producerBytesPerSecond?: number | null
  /** Of one request thread's time; 100 is one thread. */
  readonly requestPercent?: number | null
}

export interface UserCalls {
  /** Creates a user or gives it a new password. Throws HUB_USER_RESERVED for a name that cannot be one. */
  upsertUser: (name: string, password: string | SaltedPassword) => Promise<void>
  /** A user that is not there is no error. Its open connections go on until its rights are revoked. */
  deleteUser: (name: string) => Promise<void>
  listUsers: () => Promise<string[]>
  /** Sets what is named; the rest stays. */
  setQuota: (name: string, quota: UserQuota) => Promise<void>
  /** The same for several, all at once. */
  setQuotas: (quotas: readonly (UserQuota & { readonly user: string })[]) => Promise<void>
  quotaOf: (name: string) => Promise<UserQuota>
}

/** A dot separates a user's name from the rest of its groups' names. */
const USER_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
/** The broker's own super user exists by PLAIN only; by SCRAM it would be a second way in. */
const RESERVED = new Set(['kraft', 'ANONYMOUS'])

/** Throws HubError HUB_USER_RESERVED for a name that cannot be a user's. */
export const checkUserName = (name: string): void => {
  if (!USER_NAME.test(name) || RESERVED.has(name))
    throw new HubError(
      'HUB_USER_RESERVED',
      `"${name}" cannot be a user: names have 1 to 64 of A-Z a-z 0-9 _ - and begin with a letter or digit; ${[...RESERVED].join(' and ')} are reserved`,
    )
}

const MECHANISM = ScramMechanisms.SCRAM_SHA_512

const QUOTA_KEYS = {
  consumerBytesPerSecond: 'consumer_byte_rate',
  producerBytesPerSecond: 'producer_byte_rate',
  requestPercent: 'request_percentage',
} as const
const QUOTAS = ['consumerBytesPerSecond', 'producerBytesPerSecond', 'requestPercent'] as const

const limitsOf = (quota: UserQuota) =>
  QUOTAS.flatMap(name => {
    const [key, value] = [QUOTA_KEYS[name], quota[name]]
    if (value === undefined) return []
    return [value === null ? { key, remove: true as const } : { key, value, remove: false as const }]
  })

const setQuotas = (
  call: AdminCall,
  what: string,
  quotas: readonly (UserQuota & { readonly user: string })[],
): Promise<void> =>
  call(what, async admin => {
    const entries = quotas.flatMap(({ user, ...quota }) => {
      const ops = limitsOf(quota)
      return ops.length === 0 ? [] : [{ entities: [{ entityType: 'user' as const, entityName: user }], ops }]
    })
    if (entries.length > 0) await admin.alterClientQuotas({ entries })
  })

export const userCalls = (call: AdminCall): UserCalls => ({
  upsertUser: async (name, password) => {
    checkUserName(name)
    const salted = typeof password === 'string' ? await saltPassword(password, SCRAM_ITERATIONS) : password
    await call(`Creating user ${name}`, async admin =>
      alterUserScramCredentialsV0.api.async(await connectionOf(admin), [], [{ name, mechanism: MECHANISM, ...salted }]),
    )
  },
  deleteUser: name =>
    call(`Deleting user ${name}`, async admin => {
      const connection = await connectionOf(admin)
      await alterUserScramCredentialsV0.api
        .async(connection, [{ name, mechanism: MECHANISM }], [])
        .catch((error: unknown) => {
          if (!isProtocolError(error, 'RESOURCE_NOT_FOUND')) throw error
        })
    }),
  listUsers: () =>
    call('Listing users', async admin => {
      const { results } = await describeUserScramCredentialsV0.api.async(await connectionOf(admin), null)
      return results.map(({ user }) => user)
    }),
  setQuota: (name, quota) => setQuotas(call, `Setting the quota of user ${name}`, [{ user: name, ...quota }]),
  setQuotas: quotas => setQuotas(call, `Setting the quotas of ${quotas.length} users`, quotas),
  quotaOf: name =>
    call(`Looking up the quota of user ${name}`, async admin => {
      const component = { entityType: 'user', matchType: ClientQuotaMatchTypes.EXACT, match: name } as const
      const entries = await admin.describeClientQuotas({ components: [component] })
      const values = new Map<string, number>(
        entries.flatMap(entry => entry.values.map(({ key, value }) => [key, value])),
      )
      return Object.fromEntries(
        QUOTAS.flatMap(name => {
          const value = values.get(QUOTA_KEYS[name])
          return value === undefined ? [] : [[name, value]]
        }),
      )
    }),
})
