// When a visit is over: by the timestamps of records over all partitions, so that a shard that catches up closes as a live one would.

export interface ClosingRule {
  /** A visit closes when the stream's clock is this far past its newest packet. */
  readonly quietMs: number
  /** … or this far past its first packet, even if more may come. DMTN-093 gives a visit 90 s. */
  readonly deadlineMs: number
}

export const CLOSING: ClosingRule = { quietMs: 15_000, deadlineMs: 90_000 }

/** What is known of a partition: the newest record timestamp read, and whether its end was reached. */
export interface PartitionClock {
  readonly newestMs: number
  readonly atEnd: boolean
}

/**
 * The time before which no more packets are to be expected: the slowest partition's. A partition read to its end has nothing older to offer,
 * so it stands at the wall clock; without partitions there is no time yet.
 */
export function streamClock(partitions: Iterable<PartitionClock>, nowMs: number): number {
  let slowest = Number.POSITIVE_INFINITY
  for (const { newestMs, atEnd } of partitions)
    slowest = Math.min(slowest, atEnd ? Math.max(newestMs, nowMs) : newestMs)
  return slowest === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : slowest
}

/** Whether a visit with these packets is over at `clockMs`. */
export const isOver = (
  visit: { readonly firstMs: number; readonly lastMs: number },
  clockMs: number,
  rule: ClosingRule,
): boolean => clockMs - visit.lastMs >= rule.quietMs || clockMs - visit.firstMs >= rule.deadlineMs
