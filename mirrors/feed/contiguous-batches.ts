// What one fetch brought of one partition, made into batches without holes. Pure: the rule "contiguous reading" is decided here.
import { type FeedPacket } from './feed.ts'

/** A record as kafkajs decodes it. Offsets and ids are decimal strings. */
export interface FetchedRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | readonly (Buffer | null)[] | null>>
  readonly isControlRecord: boolean
  /** The record batch it came in. */
  readonly batchContext: {
    readonly firstOffset: string
    readonly lastOffsetDelta: number
    readonly producerId: string
    readonly inTransaction: boolean
  }
}

/** One partition of a fetch response. `messages` holds control and aborted records too, in order of offset. */
export interface FetchedPartition {
  readonly partition: number
  readonly highWatermark: string
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[] | null
  readonly messages: readonly FetchedRecord[]
}

/** Offsets `from` to `to` (exclusive): records that follow each other, or records that no longer exist. */
export type FetchedRun =
  | { readonly kind: 'batch'; readonly from: bigint; readonly to: bigint; readonly packets: readonly FeedPacket[] }
  | { readonly kind: 'gap'; readonly from: bigint; readonly to: bigint }

/** The second 16 bits of a control record's key: 0 aborts, 1 commits. */
const ABORT = 0
const TYPE_AT = 2

const isAbort = ({ key }: FetchedRecord): boolean =>
  key !== null && key.length >= TYPE_AT + 2 && key.readInt16BE(TYPE_AT) === ABORT

const NO_VALUE = Buffer.alloc(0)

const headersOf = (headers: FetchedRecord['headers']): FeedPacket['headers'] =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? (value as (Buffer | null)[]).map(one => one ?? NO_VALUE)
        : ((value as Buffer | null) ?? NO_VALUE),
    ]),
  )

const packetOf = ({ timestamp, key, value, headers }: FetchedRecord, offset: bigint): FeedPacket => ({
  offset,
  timestampMs: Number(timestamp),
  key,
  value: value ?? NO_VALUE,
  headers: headersOf(headers),
})

/**
 * Tells which records a read_committed reader sees, as Kafka's own consumer does: from its first offset on, everything that an aborted
 * producer wrote in a transaction is hidden, until that producer's abort marker. Brokers list aborted transactions in the order of
 * their ends, and several may already be open at the first record of a response.
 */
const openVisibility = (aborted: FetchedPartition['abortedTransactions']) => {
  const waiting = (aborted ?? [])
    .map(({ producerId, firstOffset }) => ({ producerId, first: BigInt(firstOffset) }))
    .toSorted((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)))
  const hidden = new Set<string>()
  return (record: FetchedRecord, offset: bigint): boolean => {
    for (let next = waiting[0]; next !== undefined && next.first <= offset; next = waiting[0]) {
      hidden.add(next.producerId)
      waiting.shift()
    }
    const { producerId, inTransaction } = record.batchContext
    if (!record.isControlRecord) return !(inTransaction && hidden.has(producerId))
    if (isAbort(record)) hidden.delete(producerId)
    return false
  }
}

/**
 * Cuts a fetched partition into runs that begin at `position` and cover every offset up to the last one fetched exactly once.
 * Records before `position` (of a compressed batch that holds it) are left out. An empty response gives no run.
 */
export const contiguousRuns = ({ messages, abortedTransactions }: FetchedPartition, position: bigint): FetchedRun[] => {
  const isVisible = openVisibility(abortedTransactions)
  const runs: FetchedRun[] = []
  let packets: FeedPacket[] = []
  let from = position
  let next = position
  const end = (): void => {
    if (next > from) runs.push({ kind: 'batch', from, to: next, packets })
    packets = []
    from = next
  }
  for (const record of messages) {
    const offset = BigInt(record.offset)
    const visible = isVisible(record, offset)
    if (offset < next) continue
    if (offset > next) {
      end()
      runs.push({ kind: 'gap', from: next, to: offset })
      from = offset
    }
    if (visible) packets.push(packetOf(record, offset))
    next = offset + 1n
  }
  end()
  // The batch that came last may have ended in records that compaction took: nothing is fetched at their offsets, ever.
  const last = messages.at(-1)?.batchContext
  const after = last === undefined ? next : BigInt(last.firstOffset) + BigInt(last.lastOffsetDelta) + 1n
  if (after > next) runs.push({ kind: 'gap', from: next, to: after })
  return runs
}
