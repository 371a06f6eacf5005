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
 * Places in the queue of the units that go into the next transaction, ascending: from the front on what fits, and at least one unit, so that a row which is
 * delivered to very many filters passes too.
 *
 * Rows of a live lane go before those of the lanes beside it, so that containers and slow filters hold nobody up. Rows that yield fill a transaction up to
 * UNIT_BYTES, unless the live lane is in the rush of a visit's start; those that have yielded for long enough keep their place. Units of neither kind never change
 * places with others: they may move a filter from lane to lane. With `nowMs` = Infinity nothing yields.
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
