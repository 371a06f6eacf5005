// A hard failure (time, memory, crash of the host in its call) is a strike. The first one of a generation moves the filter to a lane and a host of its own; the
// second one suspends it. Both are in the filter's progress record, so they outlive restarts; a suspension holds until its owner raises the generation (`resume`).
// An error that a filter throws on one alert is none: it is counted in the visit (`errors`, verdicts/apply-verdicts.ts) and the filter goes on.
import { type AuthorError } from '#sandbox'
import { type Suspension } from '../manifest.ts'
import { type Changes, leaveLane } from './lane-transitions.ts'
import { type ShardState } from './shard-state.ts'

/** At this many in one generation the filter is suspended. */
const MAX_STRIKES = 2

/** Counts a strike and says what follows. */
export const afterStrike = (
  strikes: number,
): { readonly strikes: number; readonly next: 'quarantine' | 'suspend' } => ({
  strikes: strikes + 1,
  next: strikes + 1 >= MAX_STRIKES ? 'suspend' : 'quarantine',
})

/** Whether a suspension still holds for a manifest of `generation`. */
export const isSuspended = (suspension: Suspension | undefined, generation: number): boolean =>
  suspension !== undefined && suspension.generation >= generation

/** Lets a filter rest until its owner raises the generation, with the reason for its author. */
export function suspend(
  shardState: ShardState,
  filter: string,
  reason: string,
  { message, line, column }: AuthorError,
): Changes {
  const record = shardState.filters.get(filter)
  if (record === undefined) return []
  record.suspension = {
    generation: record.generation,
    reason,
    message,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    at: new Date().toISOString(),
  }
  return leaveLane(shardState, filter)
}
