// A credential from birth to death. Its record is written first and removed last, so whoever leads after a crash can finish the work.
import { saltPassword } from '#hub'
import { type Caller } from '../accounts/caller.ts'
import { ADMIN_USERS, isOwn, refuseReserved, requireForeignTo } from '../accounts/reserved-names.ts'
import { type CredentialRecord } from '../control/account-records.ts'
import { type SecretBox } from '../accounts/secret-box.ts'
import { randomText } from '../accounts/bearer-token.ts'
import { ApiError } from '../errors.ts'
import { type Platform } from '../platform.ts'
import { kafkaUsers } from './subscriber-acls.ts'
import { type ReadableTopic } from './readable-topics.ts'

/** Of 36 characters each: 165 bits. */
const PASSWORD_CHARS = 32

/** A new password, and what is kept of it: salted, and sealed for the user's name. */
export async function newPassword(box: SecretBox, user: string) {
  const password = randomText(PASSWORD_CHARS)
  const { iterations, salt, saltedPassword } = await saltPassword(password)
  return { password, kept: { iterations, salt: salt.toString('base64'), sealed: box.seal(user, saltedPassword) } }
}

export interface NewCredential {
  /** The user's name; chosen when absent. */
  readonly user: string | undefined
  readonly idempotencyId: string | undefined
}

/**
 * A new SCRAM user with READ on one topic and its own groups. The password is in the answer and nowhere else.
 * @throws ApiError API_NAME_TAKEN, API_NAME_RESERVED, API_QUOTA_REACHED, API_MIRROR_DOWN
 */
export async function makeCredential(
  platform: Platform,
  caller: Caller,
  topic: ReadableTopic & { readonly broker: string },
  { user: wanted, idempotencyId }: NewCredential,
): Promise<{ readonly record: CredentialRecord; readonly password: string }> {
  const { books, writes, box } = platform
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
  await writes.change(async pen => {
    const other = books.credential(user)
    if (other && idempotencyId !== undefined && other.account === caller.account && wanted === undefined) {
      const message = `This Idempotency-Key made the user “${user}” before, and a password is shown only once. Delete it and use another key.`
      throw new ApiError('API_KEY_REUSED', message)
    }
    const account = books.account(user)
    if (other || books.login(user) || (account && account.id !== caller.account)) {
      throw new ApiError('API_NAME_TAKEN', `There already is a user “${user}”; choose another name.`)
    }
    requireForeignTo(platform, user, caller.account)
    requireRoomForUser(platform, caller.account)
    await pen.record(record)
  })
  await settleNewUser(platform, record.account, record.broker, user)
  return { record, password }
}

/** @throws ApiError API_QUOTA_REACHED */
export function requireRoomForUser({ books, settings }: Platform, account: string): void {
  const mine = [...books.credentials(), ...books.logins()].filter(record => record.account === account)
  if (mine.length < settings.credentialsPerAccount) return
  const message = `An account has at most ${settings.credentialsPerAccount} Kafka users; delete one first.`
  throw new ApiError('API_QUOTA_REACHED', message)
}

/** Brings an account's users of a broker to what the books say: a new one takes its share of the others' quota. */
export async function settleUsers(platform: Platform, account: string, broker: string): Promise<void> {
  const { books, settings } = platform
  const users = kafkaUsers(books, settings, account).filter(user => user.broker === broker)
  for (const { user } of users) await settleUser(platform, broker, user)
}

/** Makes a new user, and gives the account's others on the broker the smaller share that is theirs from now on: two requests however many there are. */
export async function settleNewUser(platform: Platform, account: string, broker: string, user: string): Promise<void> {
  await settleUser(platform, broker, user)
  await shareQuota(platform, account, broker)
}

/** Shares the account's quota among its users of a broker. */
export const shareQuota = ({ books, settings, brokers }: Platform, account: string, broker: string): Promise<void> =>
  brokers.share(broker, () => kafkaUsers(books, settings, account).filter(one => one.broker === broker))

/** Brings one user of a broker to what the books say; one that is leaving stays as it is. */
export const settleUser = ({ books, settings, brokers }: Platform, broker: string, user: string): Promise<void> =>
  brokers.settle(broker, () => kafkaUsers(books, settings).find(one => one.user === user && one.broker === broker))

/** Takes the user away; the name is free when this resolves. */
export async function removeCredential(platform: Platform, record: CredentialRecord): Promise<void> {
  const { books, writes, brokers } = platform
  const leaving: CredentialRecord = { ...record, state: 'deleting' }
  if (record.state !== 'deleting') await writes.change(pen => pen.record(leaving))
  await brokers.remove(record.broker, record.user)
  await writes.change(async pen => {
    if (books.credential(record.user)) await pen.forgetRecord(leaving)
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
