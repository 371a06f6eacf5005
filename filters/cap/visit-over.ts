// When a visit is over: by when its packets came and how far all partitions are read, so that a shard that catches up closes as a live one would.

export interface ClosingRule {
  /** A visit closes when the stream's clock is this far past its newest packet. */
  readonly quietMs: number
  /** … or this far past its first packet, even if more may come. DMTN-093 gives a visit 90 s. */
  readonly deadlineMs: number
}

export const CLOSING: ClosingRule = { quietMs: 15_000, deadlineMs: 90_000 }

/**
 * Up to which moment everything that was sent is evaluated, when all that could be read at `askedMs` is: earlier by as much as what comes from the hub is late, be
 * it packets or, where none come, the hub's clock. So a mirror that is cut off closes no visit of which it lacks packets, nor does the first packet that arrives
 * afterwards. Never earlier by more than a visit's deadline: without a hub, visits end later by so much.
 */
export const doneMs = (askedMs: number, lateMs: number, { deadlineMs }: ClosingRule): number =>
  askedMs - Math.min(Math.max(lateMs, 0), deadlineMs)

/** What is known of a partition. */
export interface PartitionClock {
  /** The newest record timestamp read that is believed (visit-time.ts). */
  readonly newestMs: number
  /** The latest moment up to which everything is known to be evaluated; undefined where none is known. */
  readonly doneMs: number | undefined
}

/**
 * The time before which no more packets are to be expected: the slowest partition's. A partition read to its end has nothing older to offer,
 * so it stands at the moment its end was last asked for, a second ago while the broker answers, and not at the wall clock: a broker or a
 * process that stood still may have packets that nobody has seen yet. Without partitions there is no time.
 */
export function streamClock(partitions: Iterable<PartitionClock>): number {
  let slowest = Number.POSITIVE_INFINITY
  for (const { newestMs, doneMs } of partitions) slowest = Math.min(slowest, Math.max(newestMs, doneMs ?? newestMs))
  return slowest === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : slowest
}

/** Whether a visit with these packets is over at `clockMs`. */
export const isOver = (
  visit: { readonly firstMs: number; readonly lastMs: number },
  clockMs: number,
  rule: ClosingRule,
): boolean => clockMs - visit.lastMs >= rule.quietMs || clockMs - visit.firstMs >= rule.deadlineMs
