// Which batches of a fetch a read_committed reader sees, and their records: what belongs to an aborted transaction, and markers, are left out. Pure.

export interface LogRecord {
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [string, Buffer | null])[]
}

/** What is used of a fetched batch. */
export interface FetchedBatch {
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly attributes: number
  readonly firstTimestamp: bigint
  /** Of all records, where the broker gives them the time of their arrival. */
  readonly maxTimestamp?: bigint
  readonly producerId: bigint
  readonly records: readonly {
    readonly timestampDelta: bigint
    readonly offsetDelta: number
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
  }[]
}

/** An aborted transaction: all of a producer's records from an offset to its next marker. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

const TIME_OF_ARRIVAL = 0b1000
const IS_TRANSACTIONAL = 0b01_0000
const IS_CONTROL = 0b10_0000

/** Where the next batch begins, whatever compaction has taken out of this one. */
export const batchEnd = ({ firstOffset, lastOffsetDelta }: FetchedBatch): bigint =>
  firstOffset + BigInt(lastOffsetDelta) + 1n

/** The records of a batch. */
export const batchRecords = ({
  firstOffset,
  firstTimestamp,
  maxTimestamp,
  attributes,
  records,
}: FetchedBatch): LogRecord[] => {
  const arrived = (attributes & TIME_OF_ARRIVAL) === 0 ? undefined : maxTimestamp
  return records.map(({ offsetDelta, timestampDelta, key, value, headers }) => ({
    offset: firstOffset + BigInt(offsetDelta),
    timestampMs: Number(arrived ?? firstTimestamp + timestampDelta),
    key,
    value,
    headers: headers.map(([name, header]) => [name?.toString() ?? '', header] as const),
  }))
}

/**
 * Each batch, and whether a read_committed reader sees it, as Kafka's own consumer does: from its first offset on, everything that an aborted producer wrote in a
 * transaction is hidden, until that producer's marker. Brokers list aborted transactions in the order of their ends; several may be open at the first batch.
 */
export function* visibleBatches<B extends FetchedBatch>(
  batches: readonly B[],
  abortedTransactions: readonly AbortedTransaction[],
): Generator<readonly [B, boolean]> {
  const waiting = abortedTransactions.toSorted((a, b) => Number(a.firstOffset - b.firstOffset))
  const hidden = new Set<bigint>()
  for (const batch of batches) {
    const end = batchEnd(batch)
    for (let next = waiting[0]; next !== undefined && next.firstOffset < end; next = waiting[0]) {
      hidden.add(next.producerId)
      waiting.shift()
    }
    // A marker ends its producer's transaction, however it ended.
    if ((batch.attributes & IS_CONTROL) !== 0) {
      hidden.delete(batch.producerId)
      yield [batch, false]
    } else yield [batch, (batch.attributes & IS_TRANSACTIONAL) === 0 || !hidden.has(batch.producerId)]
  }
}

/**
 * The committed records at and after `from`, and the offset to read next. A batch may begin before `from`, as brokers hand out
 * whole batches; an offset that is missing in between has been compacted away.
 */
export const committedRecords = (
  batches: readonly FetchedBatch[],
  abortedTransactions: readonly AbortedTransaction[],
  from: bigint,
): { readonly records: LogRecord[]; readonly next: bigint } => {
  const records: LogRecord[] = []
  let next = from
  for (const [batch, isVisible] of visibleBatches(batches, abortedTransactions)) {
    if (isVisible) records.push(...batchRecords(batch).filter(({ offset }) => offset >= from))
    const end = batchEnd(batch)
    if (end > next) next = end
  }
  return { records, next }
}
