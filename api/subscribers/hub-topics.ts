// Topics of the hub that were made through the API: their record is written first and removed last, so whoever leads can finish the work.
import { type TopicSpec } from '#hub'
import { type TopicRecord } from '../control/account-records.ts'
import { ApiError } from '../errors.ts'
import { type Platform } from '../platform.ts'
import { settleUsers } from './credentials.ts'
import { HUB } from './subscriber-acls.ts'

/** The system's own topics, and those a stream or a filter has. */
const RESERVED = /^(skysieve|filter|lsst-|ztf-|mm2-|heartbeats|_)/

/** @throws ApiError API_NAME_RESERVED */
export function refuseReservedTopic(name: string): void {
  if (!RESERVED.test(name)) return
  throw new ApiError(
    'API_NAME_RESERVED',
    `Topics named like “${name}” belong to the system itself; choose another name.`,
    {
      problems: [{ pointer: '/name', message: 'reserved' }],
    },
  )
}

const specOf = ({ name, partitions, retentionMs, retentionBytes, maxMessageBytes }: TopicRecord): TopicSpec => ({
  name,
  partitions,
  configs: {
    'cleanup.policy': 'delete',
    'retention.ms': retentionMs,
    'retention.bytes': retentionBytes,
    'max.message.bytes': maxMessageBytes,
  },
})

/** Makes the topic of a record in the state `making`, and its owners' rights; safe to repeat. */
export async function finishTopic(platform: Platform, record: TopicRecord): Promise<void> {
  const { books, writes, brokers } = platform
  await brokers.makeTopic(HUB, specOf(record))
  await writes.change(async pen => {
    if (books.topic(record.name)?.state === 'making') await pen.record({ ...record, state: 'active' })
  })
  for (const owner of record.owners) await settleUsers(platform, owner, HUB)
}

/** Takes the topic away with all that is in it; safe to repeat. */
export async function removeTopic(platform: Platform, record: TopicRecord): Promise<void> {
  const { books, writes, brokers } = platform
  const leaving: TopicRecord = { ...record, state: 'deleting' }
  if (record.state !== 'deleting') await writes.change(pen => pen.record(leaving))
  // Rights first: a topic made anew under this name is not its former owners'.
  for (const account of [...record.owners, ...readersOf(platform, record.name)]) {
    await dropGrant(platform, account, record.name)
    await settleUsers(platform, account, HUB)
  }
  await brokers.dropTopic(HUB, record.name)
  await writes.change(async pen => {
    if (books.topic(record.name)) await pen.forgetRecord(leaving)
  })
}

const readersOf = ({ books }: Platform, topic: string): string[] =>
  books
    .accounts()
    .filter(({ topics = [] }) => topics.includes(topic))
    .map(({ id }) => id)

/** Takes a topic from what an account may read; whether it was among it. */
export const dropGrant = ({ books, writes }: Platform, account: string, topic: string): Promise<boolean> =>
  writes.change(async pen => {
    const record = books.account(account)
    if (!record?.topics?.includes(topic)) return false
    await pen.record({ ...record, topics: record.topics.filter(name => name !== topic) })
    return true
  })
