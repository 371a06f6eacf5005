// How a transactional loop learns what was committed before it: it writes a record of its own and reads up to it. A partition may end in markers that no
// reader sees, so its end alone does not tell.
import { HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { type LogRecord } from '../kafka/consume/committed-records.ts'
import { openLogReader } from '../kafka/consume/log-reader.ts'
import { type Producer } from '../kafka/produce/producer.ts'
import { sendInTransaction } from '../kafka/produce/send-in-transaction.ts'

const LIMIT_MS = 60_000
const WAIT_MS = 500

export interface BarrierOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  /** Opened with the loop's transactional id: its predecessor is fenced off. */
  readonly producer: Producer
  /** Compacted, one partition. */
  readonly topic: string
  /** The loop's own; of others' barriers nothing is seen. */
  readonly barrierKey: string
  /** Of this opening; never used before. */
  readonly incarnation: string
  /** Takes every committed record before the barrier, in their order. */
  readonly take: (record: LogRecord) => void
}

/** Commits a barrier and reads the topic up to it. Throws what `take` throws, and HubError HUB_UNREACHABLE where the barrier does not come back. */
export const readToBarrier = async (options: BarrierOptions): Promise<void> => {
  const { access, clientId, producer, topic, barrierKey, incarnation, take } = options
  await sendInTransaction(producer, [{ topic, partition: 0, key: barrierKey, value: incarnation }])
  const reader = openLogReader(access, { clientId, topic })
  try {
    const deadlineMs = performance.now() + LIMIT_MS
    let page = await reader.read('earliest', 0)
    for (;;) {
      for (const record of page.records) {
        if (String(record.key) === barrierKey && String(record.value) === incarnation) return
        take(record)
      }
      if (performance.now() > deadlineMs)
        throw new HubError(
          'HUB_UNREACHABLE',
          `The barrier did not come back from ${topic} within ${LIMIT_MS / 1000} s; look whether an old transaction is open there`,
        )
      page = await reader.read(page.next, WAIT_MS)
    }
  } finally {
    await reader.close()
  }
}
