// One partition of a broker's topic as it is now: its committed records, a page at a time.
import { type BrokerAccess, HubError, type LogRecord, openLogReader } from '#hub'

export interface RecordRange {
  readonly topic: string
  readonly partition: number
  readonly from: bigint | 'earliest'
}

/** From an offset to what was committed when the reading began. Where retention has overtaken the offset, from the oldest that is left. */
export async function* committedRecords(
  access: BrokerAccess,
  { topic, partition, from }: RecordRange,
): AsyncGenerator<LogRecord> {
  const reader = openLogReader(access, { clientId: `${access.user}-reader`, topic, partition })
  try {
    let page = await reader.read(from, 0).catch((error: unknown) => {
      if (error instanceof HubError && error.code === 'HUB_OFFSET_GONE') return reader.read('earliest', 0)
      throw error
    })
    const { end } = page
    for (;;) {
      yield* page.records
      if (page.next >= end) return
      page = await reader.read(page.next, 0)
    }
  } finally {
    await reader.close()
  }
}
