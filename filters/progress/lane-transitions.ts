// A filter leaves, joins or changes its lane: each function changes the shard's state and gives what has to be committed. No I/O.
import { type Change } from './keys.ts'
import { aheadOf, type Positions } from './positions.ts'
import { type FilterRecord } from './records.ts'
import { type ShardState } from './shard-state.ts'

export const liveLane = (stream: string): string => `live.${stream}`
export const ownLane = (filter: string): string => `own.${filter}`

export type Changes = [key: string, change: Change][]

/** Takes the lane away from a filter: it rests. Its counters stay. */
export function leaveLane(shardState: ShardState, filter: string): Changes {
  const record = shardState.filters.get(filter)
  if (record === undefined) return []
  const { lane } = record
  record.lane = undefined
  record.ahead.clear()
  if (lane !== ownLane(filter)) return [shardState.filterChange(filter)]
  shardState.lanes.delete(lane)
  return [shardState.filterChange(filter), shardState.laneChange(lane)]
}

/** What a filter has evaluated when its lane is at `lane`, of which it may be ahead. */
function standing({ ahead }: FilterRecord, lane: Positions): Map<number, bigint> {
  const positions = new Map(lane)
  for (const [partition, offset] of ahead)
    if (offset > (positions.get(partition) ?? 0n)) positions.set(partition, offset)
  return positions
}

/** The filter goes on in a lane that is at `to`: what it has evaluated beyond that, it skips. */
function step(shardState: ShardState, record: FilterRecord, to: Positions): void {
  const from = standing(record, shardState.lanes.get(record.lane ?? '')?.positions ?? new Map())
  record.ahead.clear()
  for (const [partition, offset] of aheadOf(from, to)) record.ahead.set(partition, offset)
}

/** Gives a filter a lane of its own that stands where it stands in its lane, which is at `before`. */
export function moveOut(shardState: ShardState, filter: string, before: Positions): Changes {
  const record = shardState.filters.get(filter)
  const live = shardState.lanes.get(record?.lane ?? '')
  if (record === undefined || live === undefined) return []
  const positions = standing(record, before)
  record.ahead.clear()
  record.lane = ownLane(filter)
  shardState.lanes.set(record.lane, { stream: live.stream, positions, schemas: [], newestMs: new Map(live.newestMs) })
  return [shardState.filterChange(filter), shardState.laneChange(record.lane)]
}

/** Puts a filter's own lane exactly where the stream's live lane is. What the filter has evaluated beyond that, it skips. */
export function standBeside(shardState: ShardState, filter: string, stream: string): Changes {
  const record = shardState.filters.get(filter)
  const live = shardState.lanes.get(liveLane(stream))
  if (record === undefined || live === undefined) return []
  step(shardState, record, live.positions)
  record.lane = ownLane(filter)
  const { positions, newestMs } = live
  shardState.lanes.set(record.lane, { stream, positions: new Map(positions), schemas: [], newestMs: new Map(newestMs) })
  return [shardState.filterChange(filter), shardState.laneChange(record.lane)]
}

/** Lets a filter that has evaluated all that its live lane has into that one, and ends its own lane. */
export function joinLive(shardState: ShardState, filter: string, stream: string): Changes {
  const record = shardState.filters.get(filter)
  const live = shardState.lanes.get(liveLane(stream))
  if (record === undefined || live === undefined) return []
  step(shardState, record, live.positions)
  record.lane = liveLane(stream)
  shardState.lanes.delete(ownLane(filter))
  return [shardState.filterChange(filter), shardState.laneChange(ownLane(filter))]
}
