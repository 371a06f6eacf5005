// A credential from birth to death. Its record is written first and removed last, so whoever leads after a crash can finish the work.
import { saltPassword } from '#hub'
import { type Caller } from '../accounts/caller.ts'
import { refuseReserved } from '../accounts/names.ts'
import { type CredentialRecord } from '../accounts/records.ts'
import { randomText } from '../accounts/token.ts'
import { ApiError } from '../errors.ts'
import { type Platform } from '../platform.ts'
import { type ReadableTopic } from './readable.ts'

const PASSWORD_CHARS = 32

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
  const { books, writes, settings, box } = platform
  const user = wanted ?? nameFor(caller.account, idempotencyId ?? randomText(6))
  if (!caller.isAdmin) requireOwnName(caller.account, user)
  refuseReserved(user)
  const password = randomText(PASSWORD_CHARS)
  const { iterations, salt, saltedPassword } = await saltPassword(password)
  const record: CredentialRecord = {
    kind: 'credential',
    user,
    account: caller.account,
    topic: topic.name,
    broker: topic.broker,
    iterations,
    salt: salt.toString('base64'),
    sealed: box.seal(user, saltedPassword),
    state: 'active',
    createdAt: new Date(platform.nowMs()).toISOString(),
  }
  await writes.change(async pen => {
    const other = books.credential(user)
    if (other && idempotencyId !== undefined && other.account === caller.account && wanted === undefined) {
      const message = `This Idempotency-Key made the user “${user}” before, and a password is shown only once. Delete it and use another key.`
      throw new ApiError('API_KEY_REUSED', message)
    }
    const account = books.account(user)
    if (other || (account && account.id !== caller.account)) {
      throw new ApiError('API_NAME_TAKEN', `There already is a user “${user}”; choose another name.`)
    }
    const mine = books.credentials().filter(({ account }) => account === caller.account)
    if (mine.length >= settings.credentialsPerAccount) {
      const message = `An account has at most ${settings.credentialsPerAccount} Kafka users; delete one first.`
      throw new ApiError('API_QUOTA_REACHED', message)
    }
    await pen.record(record)
  })
  await platform.brokers.grant(record)
  return { record, password }
}

/** Takes the user away; the name is free when this resolves. */
export async function removeCredential({ books, writes, brokers }: Platform, record: CredentialRecord): Promise<void> {
  const leaving: CredentialRecord = { ...record, state: 'deleting' }
  if (record.state !== 'deleting') await writes.change(pen => pen.record(leaving))
  await brokers.revoke(leaving)
  await writes.change(async pen => {
    if (books.credential(record.user)) await pen.forgetRecord(leaving)
  })
}

const nameFor = (account: string, suffix: string): string =>
  account === 'admin' ? `operator-${suffix}` : `${account.slice(0, 20).replace(/-+$/, '')}-${suffix}`

/** Users begin with their account's name, so that nobody takes the names of others. */
function requireOwnName(account: string, user: string): void {
  if (user === account || user.startsWith(`${account}-`)) return
  const message = `Your Kafka users are named “${account}” or “${account}-…”, not “${user}”.`
  throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/user', message }] })
}
