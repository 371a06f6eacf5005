// Whether MirrorMaker lost its place on the hub: what it still had to copy was deleted there. From two lines of its consumer's log. Pure.
import { type MirrorMakerEvent } from './log-event.ts'

/** Offsets of the hub from `from` to `to` (exclusive) that were gone before they were copied; `to` is below `from` where the topic was made anew. */
export interface LostRange {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

/** Puts together where the consumer stood and where it went on; an event that is about something else, or a new partition's begin, gives nothing. */
export const openLostRangeReader = (
  topics: readonly string[],
): ((event: MirrorMakerEvent) => LostRange | undefined) => {
  const standing = new Map<string, bigint>()
  return event => {
    if (event.kind !== 'out-of-range' && event.kind !== 'position') return undefined
    const { topic, partition, offset } = event
    if (!topics.includes(topic)) return undefined
    const place = `${topic}-${partition}`
    if (event.kind === 'out-of-range') {
      // It says so again until it has a new position.
      standing.set(place, offset)
      return undefined
    }
    const from = standing.get(place)
    standing.delete(place)
    return from === undefined || from === offset ? undefined : { topic, partition, from, to: offset }
  }
}
