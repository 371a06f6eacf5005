// How a filter's place changes in the ledger: each function changes it and gives what has to be committed. Pure but for the ledger.
import { type AuthorError } from '#sandbox'
import { type Change } from '../publish/piece.ts'
import { type Ledger } from './ledger.ts'
import { type Positions } from './positions.ts'

export const liveLane = (stream: string): string => `live.${stream}`
export const ownLane = (filter: string): string => `own.${filter}`

type Changes = [key: string, change: Change][]

/** Takes the lane away from a filter: it rests. Its counters stay. */
export function leaveLane(ledger: Ledger, filter: string): Changes {
  const record = ledger.filters.get(filter)
  if (record === undefined) return []
  const { lane } = record
  record.lane = undefined
  record.ahead.clear()
  if (lane !== ownLane(filter)) return [ledger.filterChange(filter)]
  ledger.lanes.delete(lane)
  return [ledger.filterChange(filter), ledger.laneChange(lane)]
}

/** Lets a filter rest until its owner raises the generation, with the reason for its author. */
export function suspend(
  ledger: Ledger,
  filter: string,
  reason: string,
  { message, line, column }: AuthorError,
): Changes {
  const record = ledger.filters.get(filter)
  if (record === undefined) return []
  record.suspension = {
    generation: record.generation,
    reason,
    message,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    at: new Date().toISOString(),
  }
  return leaveLane(ledger, filter)
}

/** Gives a filter a lane of its own that stands where it stands in its lane, which is at `before`. */
export function moveOut(ledger: Ledger, filter: string, before: Positions): Changes {
  const record = ledger.filters.get(filter)
  const live = ledger.lanes.get(record?.lane ?? '')
  if (record === undefined || live === undefined) return []
  const positions = new Map(before)
  // It may have been ahead of the lane it leaves.
  for (const [partition, offset] of record.ahead)
    if (offset > (positions.get(partition) ?? 0n)) positions.set(partition, offset)
  record.ahead.clear()
  record.lane = ownLane(filter)
  ledger.lanes.set(record.lane, { stream: live.stream, positions, schemas: [], newestMs: new Map(live.newestMs) })
  return [ledger.filterChange(filter), ledger.laneChange(record.lane)]
}
