// Logins of an account, each by its own password, on the hub and on every mirror: made, given a new password, taken away. As with credentials, the
// record is first and last.
import { type AccountRecord, type LoginRecord } from '../control/account-records.ts'
import { refuseReserved } from '../accounts/reserved-names.ts'
import { ApiError } from '../errors.ts'
import { type Platform } from '../platform.ts'
import { newPassword, requireRoomForUser, settleNewUser, settleUser, shareQuota } from './credentials.ts'
import { HUB, mirrorsOf } from './subscriber-acls.ts'

export interface FreshLogin {
  readonly record: LoginRecord
  /** Here and nowhere else. */
  readonly password: string
}

/** `<account>-<label>`, or for the label `main` the account's own name. */
export const loginName = (account: string, label: string): string =>
  label === 'main' ? account : `${account}-${label}`

/** @throws ApiError API_NAME_TAKEN, API_NAME_RESERVED, API_QUOTA_REACHED, API_MIRROR_DOWN */
export async function makeLogin(
  platform: Platform,
  { id }: AccountRecord,
  { label, expiresAt }: Pick<LoginRecord, 'label' | 'expiresAt'>,
): Promise<FreshLogin> {
  const { books, writes, box } = platform
  const user = loginName(id, label)
  refuseReserved(user)
  const { password, kept } = await newPassword(box, user)
  const createdAt = new Date(platform.nowMs()).toISOString()
  const ends = expiresAt === undefined ? {} : { expiresAt }
  const record: LoginRecord = { kind: 'login', user, account: id, label, ...kept, state: 'active', createdAt, ...ends }
  await writes.change(async pen => {
    const account = books.account(user)
    if (books.login(user) || books.credential(user) || (account && account.id !== id)) {
      throw new ApiError(
        'API_NAME_TAKEN',
        `There already is a Kafka user “${user}”; choose another label, or rotate its password.`,
      )
    }
    requireRoomForUser(platform, id)
    await pen.record(record)
  })
  await settleNewUser(platform, id, HUB, user)
  await onMirrors(platform, mirror => settleNewUser(platform, id, mirror, user))
  return { record, password }
}

/** A mirror that is away does not hold up what the hub has: whoever leads brings it there when it is back. */
const onMirrors = async ({ books }: Platform, work: (mirror: string) => Promise<void>): Promise<void> => {
  await Promise.allSettled(mirrorsOf(books).map(work))
}

/** Gives the user a new password. Who is logged in with the old one is asked for it again within the broker's re-authentication time. */
export async function rotateLogin(platform: Platform, { user }: LoginRecord): Promise<FreshLogin> {
  const { books, writes, box } = platform
  const { password, kept } = await newPassword(box, user)
  const record = await writes.change(async pen => {
    const now = books.login(user)
    if (now?.state !== 'active') throw unknownLogin(user)
    const next: LoginRecord = { ...now, ...kept, rotatedAt: new Date(platform.nowMs()).toISOString() }
    await pen.record(next)
    return next
  })
  await settleUser(platform, HUB, user)
  await onMirrors(platform, mirror => settleUser(platform, mirror, user))
  return { record, password }
}

/** Takes the user away: its open connections read nothing more when this resolves, and end at their next re-authentication. */
export async function removeLogin(platform: Platform, record: LoginRecord): Promise<void> {
  const { books, writes, brokers } = platform
  const leaving: LoginRecord = { ...record, state: 'deleting' }
  if (record.state !== 'deleting') await writes.change(pen => pen.record(leaving))
  // A mirror that is away keeps the record: it comes again, until the user is nowhere.
  for (const broker of [HUB, ...mirrorsOf(books)]) await brokers.remove(broker, record.user)
  await writes.change(async pen => {
    if (books.login(record.user)) await pen.forgetRecord(leaving)
  })
  // The others' shares grow.
  await shareQuota(platform, record.account, HUB)
  await onMirrors(platform, mirror => shareQuota(platform, record.account, mirror))
}

export const unknownLogin = (user: string): ApiError =>
  new ApiError('API_CREDENTIAL_UNKNOWN', `The account has no login “${user}”.`)
