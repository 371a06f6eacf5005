// What one fetch brought of one partition, made into batches without holes. Pure: the rule "contiguous reading" is decided here.
import { batchEnd, type FetchedPartition, type LogRecord, batchRecords, visibleBatches } from '#hub'
import { type FeedPacket } from './feed.ts'

/** Offsets `from` to `to` (exclusive): records that follow each other, or records that no longer exist. */
export type FetchedRun =
  | { readonly kind: 'batch'; readonly from: bigint; readonly to: bigint; readonly packets: readonly FeedPacket[] }
  | { readonly kind: 'gap'; readonly from: bigint; readonly to: bigint }

const NO_VALUE = Buffer.alloc(0)
const NO_HEADERS = {}

const headersOf = (headers: LogRecord['headers']): FeedPacket['headers'] => {
  if (headers.length === 0) return NO_HEADERS
  const byName = Map.groupBy(headers, ([name]) => name)
  return Object.fromEntries(
    [...byName].map(([name, same]) => {
      const values = same.map(([, value]) => value ?? NO_VALUE)
      return [name, values.length === 1 ? values[0]! : values]
    }),
  )
}

const packetOf = ({ offset, timestampMs, key, value, headers }: LogRecord): FeedPacket => ({
  offset,
  timestampMs,
  key,
  value: value ?? NO_VALUE,
  headers: headersOf(headers),
})

/**
 * Cuts a fetched partition into runs that begin at `position` and cover every offset up to the last one fetched exactly once.
 * Records before `position` (of a batch that holds it) are left out. An empty response gives no run.
 */
export const contiguousRuns = (
  { batches, abortedTransactions }: Pick<FetchedPartition, 'batches' | 'abortedTransactions'>,
  position: bigint,
): FetchedRun[] => {
  const runs: FetchedRun[] = []
  let packets: FeedPacket[] = []
  let from = position
  let next = position
  const end = (): void => {
    if (next > from) runs.push({ kind: 'batch', from, to: next, packets })
    packets = []
    from = next
  }
  for (const [batch, isVisible] of visibleBatches(batches, abortedTransactions))
    for (const record of batchRecords(batch)) {
      const { offset } = record
      if (offset < next) continue
      if (offset > next) {
        end()
        runs.push({ kind: 'gap', from: next, to: offset })
        from = offset
      }
      if (isVisible) packets.push(packetOf(record))
      next = offset + 1n
    }
  end()
  // The batch that came last may have ended in records that compaction took: nothing is fetched at their offsets, ever.
  const last = batches.at(-1)
  const after = last === undefined ? next : batchEnd(last)
  if (after > next) runs.push({ kind: 'gap', from: next, to: after })
  return runs
}
