// Logins of an account, each by its own password, on the hub and on every mirror: made, given a new password, taken away. As with credentials, the
// record is first and last.
import { type AccountRecord, type LoginRecord } from '../control/account-records.ts'
import { refuseReserved } from '../accounts/reserved-names.ts'
import { ApiError } from '../errors.ts'
import { type SubscriberPlatform } from './subscriber-platform.ts'
import { requireRoomForUser } from './credentials.ts'
import { mirrorsOf } from './subscriber-acls.ts'
import { newPassword } from './kafka-password.ts'
import { applyNewUser, applyUser, shareQuota } from './apply-users.ts'
import { HUB } from '../brokers/brokers.ts'

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
  platform: SubscriberPlatform,
  { id }: AccountRecord,
  { label, expiresAt }: Pick<LoginRecord, 'label' | 'expiresAt'>,
): Promise<FreshLogin> {
  const { controlState, writes, box } = platform
  const user = loginName(id, label)
  refuseReserved(user)
  const { password, kept } = await newPassword(box, user)
  const createdAt = new Date(platform.nowMs()).toISOString()
  const ends = expiresAt === undefined ? {} : { expiresAt }
  const record: LoginRecord = { kind: 'login', user, account: id, label, ...kept, state: 'active', createdAt, ...ends }
  await writes.change(async writer => {
    const account = controlState.account(user)
    if (controlState.login(user) || controlState.credential(user) || (account && account.id !== id)) {
      throw new ApiError(
        'API_NAME_TAKEN',
        `There already is a Kafka user “${user}”; choose another label, or rotate its password.`,
      )
    }
    requireRoomForUser(platform, id)
    await writer.record(record)
  })
  await applyNewUser(platform, id, HUB, user)
  await onMirrors(platform, mirror => applyNewUser(platform, id, mirror, user))
  return { record, password }
}

/** A mirror that is away does not hold up what the hub has: whoever leads brings it there when it is back. */
const onMirrors = async (
  { controlState }: SubscriberPlatform,
  work: (mirror: string) => Promise<void>,
): Promise<void> => {
  await Promise.allSettled(mirrorsOf(controlState).map(work))
}

/** Gives the user a new password. Who is logged in with the old one is asked for it again within the broker's re-authentication time. */
export async function rotateLogin(platform: SubscriberPlatform, { user }: LoginRecord): Promise<FreshLogin> {
  const { controlState, writes, box } = platform
  const { password, kept } = await newPassword(box, user)
  const record = await writes.change(async writer => {
    const now = controlState.login(user)
    if (now?.state !== 'active') throw unknownLogin(user)
    const next: LoginRecord = { ...now, ...kept, rotatedAt: new Date(platform.nowMs()).toISOString() }
    await writer.record(next)
    return next
  })
  await applyUser(platform, HUB, user)
  await onMirrors(platform, mirror => applyUser(platform, mirror, user))
  return { record, password }
}

/** Takes the user away: its open connections read nothing more when this resolves, and end at their next re-authentication. */
export async function removeLogin(platform: SubscriberPlatform, record: LoginRecord): Promise<void> {
  const { controlState, writes, brokers } = platform
  const leaving: LoginRecord = { ...record, state: 'deleting' }
  if (record.state !== 'deleting') await writes.change(writer => writer.record(leaving))
  // A mirror that is away keeps the record: it comes again, until the user is nowhere. One that only some report names has none.
  for (const broker of [HUB, ...mirrorsOf(controlState).filter(mirror => brokers.address(mirror) !== undefined)])
    await brokers.removeUser(broker, record.user)
  await writes.change(async writer => {
    if (controlState.login(record.user)) await writer.forgetRecord(leaving)
  })
  // The others' shares grow.
  await shareQuota(platform, record.account, HUB)
  await onMirrors(platform, mirror => shareQuota(platform, record.account, mirror))
}

export const unknownLogin = (user: string): ApiError =>
  new ApiError('API_CREDENTIAL_UNKNOWN', `The account has no login “${user}”.`)
