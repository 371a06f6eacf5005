// Whether MirrorMaker has stopped copying while there is something to copy. Pure: counts and times come from the caller.

/** What was counted at one moment. */
export interface CopyProgress {
  /** Records the hub has that the node lacks. */
  readonly alerts: number
  /** Records copied so far. */
  readonly copied: bigint
}

/**
 * Tells, moment by moment, for how many milliseconds nothing was copied although records waited. Progress is counted in records of
 * the hub: the node's own end moves with transaction markers even when nothing is copied.
 */
export const openStallClock = (): ((progress: CopyProgress, nowMs: number) => number) => {
  let last: { copied: bigint; atMs: number } | undefined
  return ({ alerts, copied }, nowMs) => {
    if (last === undefined || alerts === 0 || copied !== last.copied) last = { copied, atMs: nowMs }
    return nowMs - last.atMs
  }
}
