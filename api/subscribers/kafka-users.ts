// Which Kafka users there shall be on which broker, with password, ACLs and quota: worked out from the control state alone. Pure.
import { type Grant } from '#hub'
import { HUB, type KafkaUser } from '../brokers/brokers.ts'
import { type CredentialRecord, type LoginRecord } from '../control/account-records.ts'
import {
  aclsOfCredential,
  aclsOfLogin,
  brokersOfCredential,
  mirrorsOf,
  type SubscriberState,
} from './subscriber-acls.ts'
import { quotaOf, type QuotaSettings } from './subscriber-quotas.ts'

/** The Kafka user of a record on a broker, as it shall be now. */
function kafkaUserOf(
  controlState: SubscriberState,
  limits: QuotaSettings,
  record: CredentialRecord | LoginRecord,
  broker: string,
): KafkaUser {
  const { user, account: id, iterations, salt, sealed } = record
  const account = controlState.account(id)
  const acls =
    record.kind === 'credential'
      ? aclsOfCredential(controlState, record)
      : account
        ? aclsOfLogin(controlState, record, account, broker)
        : []
  const grants = acls.map(acl => ({ user, ...acl }))
  return {
    broker,
    user,
    account: id,
    iterations,
    salt,
    sealed,
    grants,
    quota: quotaOf(controlState, limits, id, broker),
  }
}

/** All users there shall be; of one account when named. */
export function kafkaUsers(controlState: SubscriberState, limits: QuotaSettings, account?: string): KafkaUser[] {
  return [...controlState.credentials(), ...controlState.logins()]
    .filter(record => record.state === 'active' && (account === undefined || record.account === account))
    .flatMap(record =>
      (record.kind === 'credential'
        ? brokersOfCredential(controlState, record)
        : [HUB, ...mirrorsOf(controlState)]
      ).map(broker => kafkaUserOf(controlState, limits, record, broker)),
    )
}

/** The account's user that reads this topic of a broker: one made for it, the newest first, else a login. */
export function readerOf(
  controlState: SubscriberState,
  limits: QuotaSettings,
  account: string,
  broker: string,
  topic: string,
): string | undefined {
  const made = new Map([...controlState.credentials(), ...controlState.logins()].map(record => [record.user, record]))
  const rank = (user: string): string => `${made.get(user)?.kind === 'credential' ? 1 : 0}${made.get(user)?.createdAt}`
  return kafkaUsers(controlState, limits, account)
    .filter(one => one.broker === broker && one.grants.some(grant => reads(grant, topic)))
    .map(({ user }) => user)
    .toSorted((a, b) => rank(b).localeCompare(rank(a)))[0]
}

const reads = ({ resource, name, operations }: Grant, topic: string): boolean =>
  resource === 'topic' && (name === topic || name === '*') && operations.some(one => one === 'read' || one === 'all')
