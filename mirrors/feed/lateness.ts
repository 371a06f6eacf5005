// By how much what comes from the hub is late: the most of the last seconds, because partitions that were cut off do not catch up at the same time. Pure.

const HOLD_MS = 15_000

/** Milliseconds, 0 before the first note and when nothing was noted for so long. */
export interface Lateness {
  lateMs(nowMs: number): number
  note(lateMs: number, nowMs: number): void
}

export const openLateness = (): Lateness => {
  let [mostMs, notedMs, lastMs] = [0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return {
    lateMs: nowMs => (nowMs - lastMs < HOLD_MS ? mostMs : 0),
    note: (lateMs, nowMs) => {
      lastMs = nowMs
      if (lateMs < mostMs && nowMs - notedMs < HOLD_MS) return
      mostMs = lateMs
      notedMs = nowMs
    },
  }
}

/** What a reader of the hub's clock knows of one partition of it. */
export interface Silence {
  /** The newest time of the hub that came, when it came. What an opening reader finds came at an unknown time (`isOld`). */
  heard(hubMs: number, nowMs: number, isOld?: boolean): void
  /** How long the hub has not been heard of, or had not been in the last seconds; 0 before the first time. */
  lateMs(nowMs: number): number
}

export const openSilence = (): Silence => {
  const lateness = openLateness()
  let newestMs: number | undefined
  const sinceMs = (nowMs: number): number => Math.max(0, nowMs - (newestMs ?? nowMs))
  return {
    heard: (hubMs, nowMs, isOld = false) => {
      if (!isOld) lateness.note(sinceMs(nowMs), nowMs)
      newestMs = hubMs
    },
    lateMs: nowMs => Math.max(sinceMs(nowMs), lateness.lateMs(nowMs)),
  }
}
