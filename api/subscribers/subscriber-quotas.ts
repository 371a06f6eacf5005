// Which Kafka quota a subscriber's user gets on a broker: its share of its account's. Pure.
import { type UserQuota } from '#hub'
import { type CredentialRecord, type LoginRecord } from '../control/account-records.ts'
import { type ControlState } from '../control/control-state.ts'
import { type ApiSettings } from '../settings.ts'
import { brokersOfCredential } from './subscriber-acls.ts'

export type QuotaSettings = Pick<ApiSettings, 'kafkaBytesPerSecond' | 'kafkaRequestPercent'>
type QuotaState = Pick<ControlState, 'account' | 'credentials' | 'logins' | 'filter'>

const UNLIMITED: UserQuota = { consumerBytesPerSecond: null, producerBytesPerSecond: null, requestPercent: null }

/**
 * Kafka counts by user. An account's users of a broker share its quota in equal parts, so that together they never take more.
 * Operators and producers have none unless their account says so.
 */
export function quotaOf(controlState: QuotaState, limits: QuotaSettings, id: string, broker: string): UserQuota {
  const account = controlState.account(id)
  const own = account?.limits
  const isFree = account === undefined || (account.role ?? 'reader') !== 'reader'
  const bytes = own?.kafkaBytesPerSecond ?? (isFree ? undefined : limits.kafkaBytesPerSecond)
  const percent = own?.kafkaRequestPercent ?? (isFree ? undefined : limits.kafkaRequestPercent)
  const isThere = (record: CredentialRecord | LoginRecord): boolean =>
    record.kind === 'login' || brokersOfCredential(controlState, record).includes(broker)
  const sharing = [...controlState.credentials(), ...controlState.logins()].filter(
    record => record.account === id && record.state === 'active' && isThere(record),
  ).length
  const share = (limit: number): number => Math.max(1, Math.floor(limit / Math.max(1, sharing)))
  return {
    ...UNLIMITED,
    ...(bytes === undefined ? {} : { consumerBytesPerSecond: share(bytes), producerBytesPerSecond: share(bytes) }),
    ...(percent === undefined ? {} : { requestPercent: share(percent) }),
  }
}
