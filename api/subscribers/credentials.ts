// A credential from birth to death. Its record is written first and removed last, so whoever leads after a crash can finish the work.
import { type Caller } from '../accounts/caller.ts'
import { ADMIN_USERS, isOwn, refuseReserved, requireForeignTo } from '../accounts/reserved-names.ts'
import { type CredentialRecord } from '../control/account-records.ts'
import { randomText } from '../accounts/bearer-token.ts'
import { ApiError } from '../errors.ts'
import { applyNewUser, shareQuota } from './apply-users.ts'
import { newPassword } from './kafka-password.ts'
import { brokersOfCredential } from './subscriber-acls.ts'
import { type SubscriberPlatform } from './subscriber-platform.ts'
import { type ReadableTopic } from './readable-topics.ts'

export interface NewCredential {
  /** The user's name; chosen when absent. */
  readonly user: string | undefined
  readonly idempotencyId: string | undefined
}

/**
 * A new SCRAM user with READ on one topic and its own groups. The password is in the answer and nowhere else.
 * @throws ApiError API_USERS_ELSEWHERE, API_NAME_TAKEN, API_NAME_RESERVED, API_QUOTA_REACHED, API_MIRROR_DOWN
 */
export async function makeCredential(
  platform: SubscriberPlatform,
  caller: Caller,
  topic: ReadableTopic & { readonly broker: string },
  { user: wanted, idempotencyId }: NewCredential,
): Promise<{ readonly record: CredentialRecord; readonly password: string }> {
  const { controlState, writes, box } = platform
  requireUsersAt(platform, topic)
  const user = wanted ?? nameFor(caller.account, idempotencyId ?? randomText(6))
  if (!caller.isAdmin) requireOwnName(caller.account, user)
  refuseReserved(user)
  const { password, kept } = await newPassword(box, user)
  const record: CredentialRecord = {
    kind: 'credential',
    user,
    account: caller.account,
    topic: topic.name,
    broker: topic.broker,
    ...kept,
    state: 'active',
    createdAt: new Date(platform.nowMs()).toISOString(),
    ...(caller.expiresAt === undefined ? {} : { expiresAt: caller.expiresAt }),
  }
  await writes.change(async writer => {
    const other = controlState.credential(user)
    if (other && idempotencyId !== undefined && other.account === caller.account && wanted === undefined) {
      const message = `This Idempotency-Key made the user “${user}” before, and a password is shown only once. Delete it and use another key.`
      throw new ApiError('API_KEY_REUSED', message)
    }
    const account = controlState.account(user)
    if (other || controlState.login(user) || (account && account.id !== caller.account)) {
      throw new ApiError('API_NAME_TAKEN', `There already is a user “${user}”; choose another name.`)
    }
    requireForeignTo(platform, user, caller.account)
    requireRoomForUser(platform, caller.account)
    await writer.record(record)
  })
  await applyNewUser(platform, record.account, record.broker, user)
  // Where the topic was before: a mirror that is away is brought there by whoever leads.
  const others = brokersOfCredential(controlState, record).filter(broker => broker !== record.broker)
  await Promise.allSettled(others.map(broker => applyNewUser(platform, record.account, broker, user)))
  return { record, password }
}

function requireUsersAt(
  { brokers }: SubscriberPlatform,
  { name, broker }: { readonly name: string; readonly broker: string },
): void {
  if (brokers.makesUsers(broker)) return
  const message = `The topic “${name}” is in the Kafka of “${broker}” at ${brokers.address(broker)}, whose users are made by its operator and not by Skysieve. Ask there for a user that may READ the topic ${name}, and groups that begin with its name.`
  throw new ApiError('API_USERS_ELSEWHERE', message)
}

/** @throws ApiError API_QUOTA_REACHED */
export function requireRoomForUser({ controlState, settings }: SubscriberPlatform, account: string): void {
  const mine = [...controlState.credentials(), ...controlState.logins()].filter(record => record.account === account)
  if (mine.length < settings.credentialsPerAccount) return
  const message = `An account has at most ${settings.credentialsPerAccount} Kafka users; delete one first.`
  throw new ApiError('API_QUOTA_REACHED', message)
}

/** Takes the user away; the name is free when this resolves. */
export async function removeCredential(platform: SubscriberPlatform, record: CredentialRecord): Promise<void> {
  const { controlState, writes, brokers } = platform
  const leaving: CredentialRecord = { ...record, state: 'deleting' }
  if (record.state !== 'deleting') await writes.change(writer => writer.record(leaving))
  for (const broker of brokersOfCredential(controlState, record))
    if (broker === record.broker || brokers.address(broker) !== undefined) await brokers.removeUser(broker, record.user)
  await writes.change(async writer => {
    if (controlState.credential(record.user)) await writer.forgetRecord(leaving)
  })
  // The others' shares grow.
  await shareQuota(platform, record.account, record.broker)
}

const MAX_USER_CHARS = 31

/** Begins with the account's name, however long that is. */
function nameFor(account: string, suffix: string): string {
  if (account === 'admin') return `${ADMIN_USERS}-${suffix}`
  const room = MAX_USER_CHARS - account.length - 1
  return room < 1 ? account : `${account}-${suffix.slice(-room)}`
}

/** Users begin with their account's name, so that nobody takes the names of others. */
function requireOwnName(account: string, user: string): void {
  if (isOwn(user, account)) return
  const message = `Your Kafka users are named “${account}” or “${account}-…”, not “${user}”.`
  throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/user', message }] })
}
