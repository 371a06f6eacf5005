// How long ago a reader's next record was written, from how the end of the log moved. Pure: no record is read for it.

/** Ends seen at most this often are kept apart; a longer lag is still measured from the oldest one kept. */
const MAX_SAMPLES = 2000

/** The clock of one partition. Offsets only grow; times come from the caller. */
export interface LagClock {
  /** Notes the end of the log at a time. */
  ended(end: bigint, nowMs: number): void
  /** Seconds since the record at `position` was there to be read; 0 when there is none. */
  secondsBehind(position: bigint, nowMs: number): number
}

/** What lay before the first sample counts from that sample: a lag is never said to be longer than the clock has run. */
export const openLagClock = (): LagClock => {
  // Ascending in both; a sample is kept while a position may still lie before its end.
  let samples: { readonly end: bigint; readonly atMs: number }[] = []
  return {
    ended: (end, nowMs) => {
      const last = samples.at(-1)
      // A log that became shorter was made anew.
      if (last !== undefined && end < last.end) samples = []
      if (last === undefined || end !== last.end) samples.push({ end, atMs: nowMs })
      if (samples.length > MAX_SAMPLES)
        samples = samples.filter((_, index) => index % 2 === 0 || index > MAX_SAMPLES / 2)
    },
    secondsBehind: (position, nowMs) => {
      const firstAfter = samples.findIndex(({ end }) => end > position)
      if (firstAfter < 0) {
        samples.splice(0, samples.length - 1)
        return 0
      }
      samples.splice(0, firstAfter)
      return Math.max(0, (nowMs - (samples[0]?.atMs ?? nowMs)) / 1000)
    },
  }
}
