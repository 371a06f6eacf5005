// A topic from its first record to its end at the time of the call. Checks and repairs read so: without a consumer group and without committed positions.
import { HubError } from '../../errors.ts'
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { openAdmin } from '../../kafka/admin/open-admin.ts'
import { openLogReader } from '../../kafka/consume/log-reader.ts'
import { type PacketAt } from '../ingest/archive-batch.ts'

export interface TopicReading {
  /** Offsets between the ends of the topic; records are fewer where there are transactions or gaps. */
  readonly offsets: number
  /** Pages of records, partition after partition; `done` counts offsets. */
  readonly pages: AsyncIterable<{ readonly packets: readonly PacketAt[]; readonly done: number }>
}

const WAIT_MS = 500

/** Looks the ends up and reads between them. What retention removes meanwhile is left out. Throws HubError where the broker does not answer. */
export const readTopic = async (access: BrokerAccess, topic: string, signal?: AbortSignal): Promise<TopicReading> => {
  const [firsts, ends] = await endsOf(access, topic)
  const sizes = [...ends].map(([partition, end]) => Number(end - (firsts.get(partition) ?? 0n)))

  async function* pages() {
    let before = 0
    for (const [at, [partition, end]] of [...ends].entries()) {
      const reader = openLogReader(access, { clientId: `${access.user}.read`, topic, partition })
      try {
        let next = firsts.get(partition) ?? 0n
        while (next < end) {
          signal?.throwIfAborted()
          const page = await reader.read(next, WAIT_MS).catch((error: unknown) => {
            if (error instanceof HubError && error.code === 'HUB_OFFSET_GONE') return reader.read('earliest', WAIT_MS)
            throw error
          })
          next = page.next
          const packets = page.records
            .filter(({ offset }) => offset < end)
            .map(({ offset, timestampMs, value }) => ({
              partition,
              offset,
              timestampMs,
              value: value ?? Buffer.alloc(0),
              headers: {},
            }))
          yield { packets, done: before + Number((next < end ? next : end) - (firsts.get(partition) ?? 0n)) }
        }
      } finally {
        await reader.close()
      }
      before += sizes[at] ?? 0
    }
  }
  return { offsets: sizes.reduce((sum, size) => sum + size, 0), pages: pages() }
}

const endsOf = async (access: BrokerAccess, topic: string) => {
  const admin = openAdmin(access)
  try {
    return [await admin.offsets(topic, 'earliest'), await admin.offsets(topic, 'latest')] as const
  } finally {
    await admin.close()
  }
}
