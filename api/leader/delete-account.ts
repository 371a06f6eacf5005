// An account's end: first none of its tokens is good any more, then all that it has goes, then its record. Whoever leads can finish it.
import { ApiError } from '../errors.ts'
import { removeCredential } from '../subscribers/credentials.ts'
import { removeLogin } from '../subscribers/logins.ts'
import { type Platform } from '../platform.ts'
import { type AccountRecord } from '../control/account-records.ts'

/** @throws ApiError API_STATE_CONFLICT while it has filters or topics: those are deleted by whoever knows what they are for. */
export async function beginAccountDeletion({ controlState, writes }: Platform, id: string): Promise<AccountRecord> {
  return writes.change(async writer => {
    const account = controlState.account(id)
    if (!account) throw new ApiError('API_ACCOUNT_UNKNOWN', `There is no account “${id}”.`)
    const filters = controlState.filters().filter(({ owner, state }) => owner === id && state !== 'deleted').length
    const topics = controlState.topics().filter(({ owners }) => owners.includes(id)).length
    if (filters + topics > 0) {
      const message = `The account “${id}” has ${filters} filters and ${topics} topics; delete them first.`
      throw new ApiError('API_STATE_CONFLICT', message)
    }
    const leaving: AccountRecord = { ...account, state: 'leaving' }
    await writer.record(leaving)
    return leaving
  })
}

/** Takes away all that a leaving account has, and it; safe to repeat. */
export async function finishAccountDeletion(platform: Platform, account: AccountRecord): Promise<void> {
  const { controlState, writes } = platform
  for (const record of controlState.logins()) if (record.account === account.id) await removeLogin(platform, record)
  for (const record of controlState.credentials())
    if (record.account === account.id) await removeCredential(platform, record)
  await writes.change(async writer => {
    for (const token of controlState.tokensOf(account.id)) await writer.forgetRecord(token)
    if (controlState.account(account.id)) await writer.forgetRecord(account)
  })
}
