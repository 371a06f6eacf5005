// Strikes and suspension: what a hard failure costs a filter, and what ends its suspension. Lives in the filter's progress record.

/** Why a filter does not run, for its author. Holds for the generation it was made in; the owner's `resume` raises the manifest's. */
export interface Suspension {
  readonly generation: number
  readonly reason: string
  readonly message: string
  readonly line?: number
  readonly column?: number
  readonly at: string
}

/** Hard failures (time, memory, crash) of a generation that a filter survives: after this many it is out. */
const STRIKES = 2

/** What follows a hard failure: the first one costs the shared host, the second one the right to run. */
export const afterFailure = (
  strikes: number,
): { readonly strikes: number; readonly next: 'quarantine' | 'suspend' } => ({
  strikes: strikes + 1,
  next: strikes + 1 >= STRIKES ? 'suspend' : 'quarantine',
})

/** Whether a suspension still holds for a manifest of `generation`. */
export const holds = (suspension: Suspension | undefined, generation: number): boolean =>
  suspension !== undefined && suspension.generation >= generation
