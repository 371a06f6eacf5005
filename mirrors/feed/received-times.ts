// Between which two moments the records of a partition came, from how its end moved while it was read: a record's own timestamp is its producer's word. Pure.

/** Ends kept apart at most; thinning only makes what is known less sharp. */
const MAX_SAMPLES = 1024

/** Two moments on this machine's clock, ms since 1970, between which a record became part of the log; `afterMs` is -Infinity where that is not known. */
export interface Received {
  readonly afterMs: number
  readonly byMs: number
}

/** The ends of one partition as its reader was told them. */
export interface ReceivedTimes {
  /** The log ended at `end` (exclusive) in an answer that came at `answeredMs` to a request sent at `askedMs`. */
  noted(end: bigint, askedMs: number, answeredMs: number): void
  /** When the record at `offset` came. */
  received(offset: bigint): Received
  /** The latest moment by which everything that could be read lies before `position`; undefined while that is not known of any. */
  readBy(position: bigint): number | undefined
}

interface Sample {
  readonly end: bigint
  /** The first answer with this end, and the last request that was answered with it. */
  readonly firstMs: number
  askedMs: number
}

export const openReceivedTimes = (): ReceivedTimes => {
  // Ascending in end and time.
  let samples: Sample[] = []
  /** How many samples have an end of at most `offset`. */
  const countUpTo = (offset: bigint): number => {
    let [low, high] = [0, samples.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((samples[middle]?.end ?? 0n) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    noted: (end, askedMs, answeredMs) => {
      const last = samples.at(-1)
      // It was made anew, or its leader does not know its newest records for a moment.
      if (last !== undefined && end < last.end) samples = []
      if (last?.end === end) last.askedMs = Math.max(last.askedMs, askedMs)
      else samples.push({ end, firstMs: answeredMs, askedMs })
      if (samples.length > MAX_SAMPLES)
        samples = samples.filter((_, index) => index % 2 === 1 || index > MAX_SAMPLES / 2)
    },
    received: offset => {
      const count = countUpTo(offset)
      const byMs = samples[count]?.firstMs ?? samples.at(-1)?.firstMs ?? 0
      return { afterMs: samples[count - 1]?.askedMs ?? Number.NEGATIVE_INFINITY, byMs }
    },
    readBy: position => samples[countUpTo(position) - 1]?.askedMs,
  }
}
