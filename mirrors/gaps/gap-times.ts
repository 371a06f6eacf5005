// When the alerts of a gap were sent, from their neighbours: the newest one before it on the node, the first one after it on the hub.
import { type BrokerAccess, openTopicLog, type TopicLog } from '#hub'
import { contiguousRuns } from '../feed/contiguous-batches.ts'
import { type LostRange } from '../mirror-maker/lost-range.ts'

const MB = 1024 * 1024
const LIMITS = { maxWaitMs: 500, minBytes: 1, maxBytes: 8 * MB, maxBytesPerPartition: 8 * MB }
/** Offsets looked at before a place: transaction markers take one of two at the most. */
const BEFORE = 16n

export interface GapTimes {
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
}

/** Asks both brokers; what cannot be told is absent. Throws HubErrors. */
export const timesOfGap = async (
  { hub, node, clientId }: { readonly hub: BrokerAccess; readonly node: BrokerAccess; readonly clientId: string },
  { topic, partition, to }: LostRange,
): Promise<GapTimes> => {
  const untilMs = (await timestamps(hub, clientId, topic, partition, async () => to)).find(
    ({ offset }) => offset >= to,
  )?.timestampMs
  const older = await timestamps(node, clientId, topic, partition, async ask => {
    const [first, after] = [
      await ask('earliest'),
      await ask(untilMs === undefined ? 'latest' : { timestampMs: untilMs }),
    ]
    return after - BEFORE > first ? after - BEFORE : first
  })
  const sinceMs = older.filter(({ timestampMs }) => untilMs === undefined || timestampMs < untilMs).at(-1)?.timestampMs
  return { sinceMs, untilMs }
}

type Ask = (question: Parameters<TopicLog['offsets']>[0]) => Promise<bigint>

/** Offsets and timestamps of the records that one request brings from a place on. */
const timestamps = async (
  access: BrokerAccess,
  clientId: string,
  topic: string,
  partition: number,
  placeOf: (ask: Ask) => Promise<bigint>,
): Promise<readonly { readonly offset: bigint; readonly timestampMs: number }[]> => {
  const log = openTopicLog(access, { clientId, topic })
  try {
    const leader = (await log.place()).leaders.get(partition)
    if (leader === undefined) return []
    const at = await placeOf(async question => (await log.offsets(question, [partition])).get(partition) ?? 0n)
    if (at >= ((await log.offsets('latest', [partition])).get(partition) ?? 0n)) return []
    const [fetched] = await log.fetch(leader, new Map([[partition, at]]), LIMITS)
    const runs = fetched === undefined ? [] : contiguousRuns(fetched, at)
    return runs.flatMap(run => (run.kind === 'batch' ? run.packets : []))
  } finally {
    await log.close()
  }
}
