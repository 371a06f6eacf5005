// Which units go into the next transaction: bounded in bytes, because a long transaction holds every read_committed reader back.
import { type Change } from '../progress/keys.ts'
import { type CommitUnit } from './commit-unit.ts'

/** Longest transactions fell from 1.4 s to 0.3 s with 16 MB, packets of 110 KB and 100 filters (measured on two cores). */
const MAX_TRANSACTION_BYTES = 16 * 1024 * 1024
/** This much waiting is committed before the interval is over. */
export const EARLY_COMMIT_BYTES = 8 * 1024 * 1024
/** A unit is closed when it holds this much, so that a transaction can be filled well. */
export const UNIT_BYTES = 4 * 1024 * 1024
/** A live lane that has more than this for one transaction is in the rush of a visit's start. */
const RUSH_BYTES = 1024 * 1024

/**
 * Places in the queue of the units that go next, ascending: from the front on what fits, at least one, so that a row delivered to very many filters passes
 * too. Rows of a live lane go before those of the lanes beside it, so that filters in containers and slow ones do not hold the others up: these get a unit's
 * bytes of a transaction, outside a live lane's rush where it has room for so little, and always when they have yielded for long enough. Nothing else changes its place:
 * what is neither may move a filter from lane to lane. All of the queue is in its order, and as much as fits, for `nowMs` = Infinity.
 */
export function nextUnits(queue: readonly CommitUnit[], nowMs: number, maxBytes = MAX_TRANSACTION_BYTES): number[] {
  const besideBytes = nowMs === Infinity ? maxBytes : Math.min(maxBytes, UNIT_BYTES)
  const [taken, passedOver]: [number[], number[]] = [[], []]
  let [bytes, live, beside] = [0, 0, 0]
  const take = (at: number, limit = maxBytes): boolean => {
    const more = bytesOf(queue[at])
    if (taken.length > 0 && bytes + more > limit) return false
    bytes += more
    taken.push(at)
    return true
  }
  for (const [at, unit] of queue.entries()) {
    const { rank } = unit
    const more = bytesOf(unit)
    if (typeof rank === 'object') {
      const isDue = rank.untilMs <= nowMs && (beside === 0 || beside + more <= besideBytes)
      if (passedOver.length > 0 || !isDue || !take(at)) passedOver.push(at)
      else beside += more
    } else if ((passedOver.length > 0 && rank !== 'live') || !take(at)) break
    else if (rank === 'live') live += more
  }
  if (live > RUSH_BYTES) return taken
  // The rows of a live lane that come next wait for this transaction.
  for (const at of passedOver) if (!take(at, besideBytes)) break
  return taken.toSorted((a, b) => a - b)
}

const bytesOf = (unit: CommitUnit | undefined): number => (unit?.bytes ?? 0) + (unit?.progressBytes ?? 0)

/** The progress records of a transaction: of each key the newest change. */
export function newestChanges(units: readonly CommitUnit[]): Map<string, Change> {
  const newest = new Map<string, Change>()
  for (const unit of units) for (const [key, change] of unit.changes) newest.set(key, change)
  return newest
}
