// From the batches of a fetch to committed records: what belongs to an aborted transaction, and its markers, are left out. Pure.

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

const IS_TRANSACTIONAL = 0b01_0000
const IS_CONTROL = 0b10_0000

const endOf = ({ firstOffset, lastOffsetDelta }: FetchedBatch): bigint => firstOffset + BigInt(lastOffsetDelta) + 1n

const recordsOf = ({ firstOffset, firstTimestamp, records }: FetchedBatch): LogRecord[] =>
  records.map(({ offsetDelta, timestampDelta, key, value, headers }) => ({
    offset: firstOffset + BigInt(offsetDelta),
    timestampMs: Number(firstTimestamp + timestampDelta),
    key,
    value,
    headers: headers.map(([name, header]) => [name?.toString() ?? '', header] as const),
  }))

/**
 * The committed records at and after `from`, and the offset to read next. A batch may begin before `from`, as brokers hand out
 * whole batches; an offset that is missing in between has been compacted away.
 */
export const committedRecords = (
  batches: readonly FetchedBatch[],
  abortedTransactions: readonly AbortedTransaction[],
  from: bigint,
): { readonly records: LogRecord[]; readonly next: bigint } => {
  const pending = abortedTransactions.toSorted((a, b) => Number(a.firstOffset - b.firstOffset))
  const aborting = new Set<bigint>()
  const records: LogRecord[] = []
  let next = from
  for (const batch of batches) {
    const end = endOf(batch)
    while (pending.length > 0 && pending[0]!.firstOffset < end) aborting.add(pending.shift()!.producerId)
    // A marker ends its producer's transaction, however it ended.
    if ((batch.attributes & IS_CONTROL) !== 0) aborting.delete(batch.producerId)
    else if ((batch.attributes & IS_TRANSACTIONAL) === 0 || !aborting.has(batch.producerId))
      records.push(...recordsOf(batch).filter(({ offset }) => offset >= from))
    if (end > next) next = end
  }
  return { records, next }
}
