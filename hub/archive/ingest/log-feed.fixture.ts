// For tests: a feed of a topic of one partition, as mirrors' feed would give it; this folder may not import that one.
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { type Offsets } from '../../kafka/admin/offsets.ts'
import { openLogReader } from '../../kafka/consume/log-reader.ts'
import { type PacketFeed } from '../../kafka/consume/commit-batches.ts'

const WAIT_MS = 200

/** Reads from its position in `from`, or from the first record, until the signal. */
export const openLogFeed = (access: BrokerAccess, topic: string, from: Offsets, signal: AbortSignal): PacketFeed => {
  const reader = openLogReader(access, { clientId: 'test-feed', topic })
  return {
    async *[Symbol.asyncIterator]() {
      for (let next = from.get(0) ?? 0n; !signal.aborted;) {
        const page = await reader.read(next, WAIT_MS)
        const packets = page.records.map(({ offset, timestampMs, value }) => ({
          offset,
          timestampMs,
          value: value ?? Buffer.alloc(0),
          headers: {},
        }))
        const bytes = packets.reduce((sum, { value }) => sum + value.length, 0)
        if (page.next > next)
          yield { kind: 'batch', partition: 0, nextOffset: page.next, packets, bytes, release: () => undefined }
        next = page.next
      }
    },
    close: () => reader.close(),
  }
}
