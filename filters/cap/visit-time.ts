// When a packet counts in the time of its visit: when it came to this node. Its own timestamp says so where that can be true, which is what a lane needs that
// catches up; a survey that replays a topic, or whose clock is wrong, sends any other. Pure.

/** How far timestamps of one partition may lie apart although all are right: several producers, sends that were tried again. A visit's deadline is as long. */
const NEAR_MS = 90_000

/** Between which two moments a packet came, ms since 1970. */
export interface Came {
  readonly afterMs: number
  readonly byMs: number
}

/** A leap of the timestamps that only one visit has made: believed when another visit has got there too. */
export interface Doubt {
  readonly visit: bigint
  readonly timestampMs: number
}

/** What the timestamps of a partition say of the time. */
export interface PartitionTime {
  /** The newest timestamp that is believed; 0 before the first. */
  readonly newestMs: number
  /** A moment at which everything that had come was read: packets read afterwards came later. 0 where none is known. */
  readonly readMs?: number | undefined
  readonly doubt?: Doubt | undefined
}

/**
 * When a packet came, and the time of its partition after it.
 *
 * It came at its timestamp, if that lies between the two moments and is not older than what came before it in its partition; one that is a little older came
 * right after that. One that is ahead, missing, or much older, came by the second moment: a visit rather ends later than without its best.
 *
 * Timestamps ahead of when their packet can have come do not move the time. One that is far beyond those before it does when another visit has got there too: a
 * visit that was stamped ahead must not end all others, and none is taken for one that came while nobody read.
 */
export function timePacket(
  { readMs = 0, doubt, ...known }: PartitionTime,
  { visit, timestampMs, came }: { readonly visit: bigint; readonly timestampMs: number; readonly came: Came },
): { readonly atMs: number; readonly time: Pick<PartitionTime, 'newestMs' | 'doubt'> } {
  const { afterMs, byMs } = came
  const newestMs = Math.min(known.newestMs, byMs)
  const floorMs = Math.max(afterMs, newestMs, Math.min(readMs, byMs))
  if (timestampMs <= 0 || timestampMs > byMs || timestampMs < floorMs - NEAR_MS)
    return { atMs: byMs, time: { newestMs, doubt } }
  if (timestampMs <= floorMs + NEAR_MS)
    return {
      atMs: Math.max(timestampMs, floorMs),
      time: timestampMs > newestMs ? { newestMs: timestampMs } : { newestMs, doubt },
    }
  const agreedMs = Math.min(doubt?.timestampMs ?? timestampMs, timestampMs)
  if (doubt === undefined || doubt.visit === visit)
    return { atMs: byMs, time: { newestMs, doubt: { visit, timestampMs: agreedMs } } }
  const isFurther = timestampMs > agreedMs + NEAR_MS
  return { atMs: timestampMs, time: { newestMs: agreedMs, doubt: isFurther ? { visit, timestampMs } : undefined } }
}
