// A filter moves to another mirror: which alerts are still its old node's, and which its new one's. Offsets of two mirrors cannot be compared; visits and
// record timestamps, which MirrorMaker copies, can. Pure.
import { type StartPosition } from '#mirrors'
import { type Handover, type Manifest } from '../manifest.ts'
import { type Cut, type FilterRecord } from '../progress/records.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { type Share } from '../verdicts/capped-filter.ts'
import { isAt, type Place } from './place.ts'

/** Visits that had a packet within this time before the filter's position are finished where they began: no packet is later than that. */
const LATE_MS = 10 * 60_000
/** A node that cannot say that it has evaluated all that came before its time was over is not waited for any longer: the move is forgotten then. */
const PATIENCE_MS = 86_400_000

/** How far a node is. */
export interface NodeTime {
  readonly nowMs: number
  /** Up to which moment it has evaluated everything that was on the hub; undefined while that is not known. */
  readonly evaluatedMs: number | undefined
}

type Move = NonNullable<Manifest['moving']>

/**
 * Where the old node lets go: it keeps the visits it has begun and what is older than `sinceMs`; everything else is the new node's. A filter that rests has no
 * position: what comes from now on is the new node's.
 */
export function cutOf(shardState: ShardState, filter: string, { at, lateMs = LATE_MS }: Move, nowMs: number): Cut {
  const lane = shardState.lanes.get(shardState.filters.get(filter)?.lane ?? '')
  const standsMs = Math.min(nowMs, ...(lane?.newestMs.values() ?? []))
  return {
    at,
    sinceMs: lane === undefined ? nowMs : standsMs - lateMs,
    visits: shardState.visitsSince(filter, standsMs - lateMs),
  }
}

/** The same for a filter that nothing was evaluated of, because it has waited for what it needs: the new node begins where its owner wants. */
export function cutUnbegun(start: StartPosition | 'now', { at }: Move, nowMs: number): Cut {
  const sinceMs = start === 'now' || start === 'latest' ? nowMs : typeof start === 'object' ? start.timestampMs : 0
  return { at, sinceMs, visits: [] }
}

/**
 * Whether this node still finishes visits of a filter that has gone elsewhere: until its time is over, or, if it runs and is behind then, until it has evaluated
 * what came before.
 */
export function finishes(
  { handover }: Manifest,
  record: FilterRecord | undefined,
  place: Place,
  { nowMs, evaluatedMs }: NodeTime,
): boolean {
  if (handover === undefined || !isAt(place, handover.from)) return false
  const untilMs = Date.parse(handover.until)
  if (nowMs < untilMs) return true
  const isBehind = record?.lane !== undefined && (evaluatedMs === undefined || evaluatedMs < untilMs)
  return isBehind && nowMs < untilMs + PATIENCE_MS
}

/**
 * Whether the visits of a filter that has gone elsewhere are over here: no packet of them can come any more, and none waits to be delivered. The other node then
 * need not wait for the end of this one's time.
 */
export const isOverHere = (
  shardState: ShardState,
  filter: string,
  { lateMs = LATE_MS }: Handover,
  evaluatedMs: number,
): boolean =>
  shardState.visitsSince(filter, evaluatedMs - lateMs).length === 0 && shardState.holding(filter).next().done === true

/** Whether the filter is to be let go here, and has not been. */
export const isToBeCut = ({ placement, moving }: Manifest, record: FilterRecord, place: Place): boolean =>
  moving !== undefined && isAt(place, placement) && record.cut?.at !== moving.at

/** The move by which a filter comes here and has not begun yet. */
export const arrivalOf = (
  { placement, handover }: Manifest,
  record: FilterRecord | undefined,
  place: Place,
): Handover | undefined =>
  handover !== undefined && isAt(place, placement) && record?.arrived !== handover.at ? handover : undefined

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
