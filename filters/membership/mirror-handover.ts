// A filter moves to another mirror: which alerts are still its old node's, and which its new one's. Offsets of two mirrors cannot be compared; visits and
// record timestamps, which MirrorMaker copies, can. Pure.
import { type Handover, type Manifest } from '../manifest.ts'
import { type Cut, type FilterRecord } from '../progress/records.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { type Share } from '../verdicts/capped-filter.ts'
import { isAt, type Place } from './place.ts'

/** Visits that had a packet within this time before the filter's position are finished where they began: no packet is later than that. */
const LATE_MS = 10 * 60_000

/** Where the old node lets go: it keeps the visits it has begun and what is older than `sinceMs`; everything else is the new node's. */
export function cutOf(shardState: ShardState, filter: string, at: string, nowMs: number): Cut {
  const lane = shardState.lanes.get(shardState.filters.get(filter)?.lane ?? '')
  const sinceMs = Math.min(nowMs, ...(lane?.newestMs.values() ?? [])) - LATE_MS
  return { at, sinceMs, visits: shardState.visitsSince(filter, sinceMs) }
}

/** Whether this node still finishes visits of a filter that has gone elsewhere. */
export const finishes = ({ handover }: Manifest, place: Place, nowMs: number): boolean =>
  handover !== undefined && isAt(place, handover.from) && nowMs < Date.parse(handover.until)

/** Whether the filter is to be let go here, and has not been. */
export const isToBeCut = ({ placement, moving }: Manifest, record: FilterRecord, place: Place): boolean =>
  moving !== undefined && isAt(place, placement) && record.cut?.at !== moving.at

/** The move by which a filter comes here and has not begun yet. */
export const arrivalOf = (
  { placement, handover }: Manifest,
  record: FilterRecord,
  place: Place,
): Handover | undefined =>
  handover !== undefined && isAt(place, placement) && record.arrived !== handover.at ? handover : undefined

/** This node's share of the alerts; undefined when all are its own. */
export function shareOf(
  { placement, moving, handover }: Manifest,
  { cut }: FilterRecord,
  place: Place,
): Share | undefined {
  if (isAt(place, placement)) {
    if (moving !== undefined) return cut?.at === moving.at ? keeps(cut) : undefined
    if (handover === undefined) return undefined
    const theirs = keeps(handover)
    return (...alert) => !theirs(...alert)
  }
  return handover === undefined ? () => false : keeps(handover)
}

/** After `until` the old node only keeps the visits it has begun: a topic that is replayed with old timestamps then is the new node's. */
function keeps({
  visits,
  sinceMs,
  until,
}: {
  readonly visits: readonly (bigint | string)[]
  readonly sinceMs: number
  readonly until?: string
}): Share {
  const begun = new Set(visits.map(BigInt))
  const untilMs = until === undefined ? Infinity : Date.parse(until)
  return (visit, timestampMs, cameMs) => begun.has(visit) || (timestampMs < sinceMs && cameMs < untilMs)
}
