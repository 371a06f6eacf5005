// How far a feed's reader is behind its node's topic, in offsets and seconds.
import { type Feed } from '../feed/feed.ts'
import { type LagClock, openLagClock } from './lag-clock.ts'

export interface FeedLag {
  /** Offsets between what was handed out last and the end; transaction markers count, so it is a little more than alerts. */
  readonly alerts: number
  readonly seconds: number
}

/** Call the result as often as lag is to be known; the clock's grain is that interval. */
export const openFeedLag = (
  feed: Pick<Feed, 'positions' | 'highWatermarks'>,
): ((positions?: ReadonlyMap<number, bigint>, nowMs?: number) => FeedLag) => {
  const clocks = new Map<number, LagClock>()
  return (positions = feed.positions, nowMs = performance.now()) => {
    let alerts = 0
    let seconds = 0
    for (const [partition, end] of feed.highWatermarks) {
      const clock = clocks.get(partition) ?? openLagClock()
      clocks.set(partition, clock)
      clock.ended(end, nowMs)
      const position = positions.get(partition) ?? 0n
      alerts += position < end ? Number(end - position) : 0
      seconds = Math.max(seconds, clock.secondsBehind(position, nowMs))
    }
    return { alerts, seconds }
  }
}
