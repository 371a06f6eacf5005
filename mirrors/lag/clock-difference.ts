// By how much a node's clock is ahead of its hub's, from the hub's times as they arrive: the quickest of the last minute was the least on its way. Pure.

const WINDOW_MS = 60_000
/** Of fewer the quickest may have been slow, as all are that arrive after a cut. */
const ENOUGH = 3

export interface ClockDifference {
  /** A time of the hub came when this node's clock said `nowMs`. */
  heard(hubMs: number, nowMs: number): void
  /** Milliseconds, less when the node is behind; too large by what the quickest copy took. Undefined where too little came in the last minute. */
  aheadMs(nowMs: number): number | undefined
}

export const openClockDifference = (): ClockDifference => {
  let heard: { readonly atMs: number; readonly aheadMs: number }[] = []
  const recent = (nowMs: number): typeof heard => heard.filter(({ atMs }) => atMs <= nowMs && nowMs - atMs < WINDOW_MS)
  return {
    heard: (hubMs, nowMs) => {
      heard = [...recent(nowMs), { atMs: nowMs, aheadMs: nowMs - hubMs }]
    },
    aheadMs: nowMs => {
      const differences = recent(nowMs).map(({ aheadMs }) => aheadMs)
      return differences.length < ENOUGH ? undefined : Math.min(...differences)
    },
  }
}
