// Topics of the hub that were made through the API: their record is written first and removed last, so whoever leads can finish the work.
import { type TopicSpec } from '#hub'
import { type TopicRecord } from '../control/account-records.ts'
import { ApiError } from '../errors.ts'
import { type SubscriberPlatform } from './subscriber-platform.ts'
import { applyUsers } from './apply-users.ts'
import { HUB } from '../brokers/brokers.ts'

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

/** Makes the topic of a record in the state `making`, and its owners' ACLs; safe to repeat. */
export async function finishTopic(platform: SubscriberPlatform, record: TopicRecord): Promise<void> {
  const { controlState, writes, brokers } = platform
  await brokers.makeTopic(HUB, specOf(record))
  await writes.change(async writer => {
    if (controlState.topic(record.name)?.state === 'making') await writer.record({ ...record, state: 'active' })
  })
  for (const owner of record.owners) await applyUsers(platform, owner, HUB)
}

/** Takes the topic away with all that is in it; safe to repeat. */
export async function removeTopic(platform: SubscriberPlatform, record: TopicRecord): Promise<void> {
  const { controlState, writes, brokers } = platform
  const leaving: TopicRecord = { ...record, state: 'deleting' }
  if (record.state !== 'deleting') await writes.change(writer => writer.record(leaving))
  // ACLs first: a topic made anew under this name is not its former owners'.
  for (const account of [...record.owners, ...readersOf(platform, record.name)]) {
    await dropGrant(platform, account, record.name)
    await applyUsers(platform, account, HUB)
  }
  await brokers.dropTopic(HUB, record.name)
  await writes.change(async writer => {
    if (controlState.topic(record.name)) await writer.forgetRecord(leaving)
  })
}

const readersOf = ({ controlState }: SubscriberPlatform, topic: string): string[] =>
  controlState
    .accounts()
    .filter(({ topics = [] }) => topics.includes(topic))
    .map(({ id }) => id)

/** Takes a topic from what an account may read; whether it was among it. */
export const dropGrant = (
  { controlState, writes }: SubscriberPlatform,
  account: string,
  topic: string,
): Promise<boolean> =>
  writes.change(async writer => {
    const record = controlState.account(account)
    if (!record?.topics?.includes(topic)) return false
    await writer.record({ ...record, topics: record.topics.filter(name => name !== topic) })
    return true
  })
