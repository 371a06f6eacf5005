// A filter as its cap needs it, and which alerts of a batch it does not evaluate here.
import { type Entry } from '../batch/lane-batch.ts'
import { isBehind } from '../progress/positions.ts'

/** Whether an alert of a visit, with its record's timestamp and the time when it came here (ms since 1970), is this node's to evaluate. */
export type Share = (visit: bigint, timestampMs: number, cameMs: number) => boolean

export interface CappedFilter {
  readonly id: string
  readonly version: number
  readonly cap: number
  readonly policy: 'first' | 'best'
  /** Offsets before these were evaluated in another lane. Shared with the filter's record. */
  readonly ahead: Map<number, bigint>
  /** Visits before this one are not for it. */
  readonly fromVisit: bigint | undefined
  /** Which alerts are this node's while the filter moves from one mirror to another; all when undefined. */
  readonly share?: Share | undefined
}

/** Whether a filter skips a packet: another node evaluates it, the filter has evaluated it in another lane, or it starts with a later visit. */
export const isNotFor = (
  filter: CappedFilter | undefined,
  { partition, offset, visit, timestampMs }: Entry,
  atMs: number,
): boolean =>
  filter === undefined ||
  filter.share?.(visit, timestampMs, atMs) === false ||
  isBehind(filter.ahead, partition, offset) ||
  (filter.fromVisit !== undefined && visit < filter.fromVisit)
