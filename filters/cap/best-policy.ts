// Cap policy `best`: the highest scores of a visit are held until it closes, then go out, best first.
import { type Candidate, type Decision, type Visit } from './visit.ts'

/** Higher score first; of equal scores the smaller id, so that the outcome does not depend on how partitions interleave. */
export const better = (a: Candidate, b: Candidate): number =>
  b.score - a.score || (a.alert < b.alert ? -1 : a.alert > b.alert ? 1 : 0)

export interface Holding {
  readonly decision: Decision
  /** A candidate that lost its place: over the cap from now on. */
  readonly evicted?: Candidate
}

/** Decides about a passing alert and counts it. After the close everything is over the cap. */
export function decideBest(visit: Visit, cap: number, candidate: Candidate): Holding {
  visit.passed++
  const { alert } = candidate
  if (visit.delivered.includes(alert) || visit.held.some(held => held.alert === alert)) {
    visit.duplicates++
    return { decision: 'duplicate' }
  }
  const room = cap - visit.delivered.length
  const worst = visit.held.at(-1)
  const full = visit.held.length >= room
  if (visit.closed || room <= 0 || (full && worst !== undefined && better(candidate, worst) > 0)) {
    visit.overCap++
    return { decision: 'over-cap' }
  }
  const at = visit.held.findIndex(held => better(candidate, held) < 0)
  visit.held.splice(at === -1 ? visit.held.length : at, 0, candidate)
  if (visit.held.length <= room) return { decision: 'hold' }
  visit.overCap++
  const evicted = visit.held.pop()
  return evicted === undefined ? { decision: 'hold' } : { decision: 'hold', evicted }
}

/**
 * Ends the visit: what comes from now on is over the cap, and what is held goes out. A cap that has become smaller meanwhile puts the last of these, which it gives,
 * over the cap.
 */
export function endBest(visit: Visit, cap: number): Candidate[] {
  visit.closed = true
  const lost = visit.held.slice(Math.max(0, cap - visit.delivered.length))
  visit.held = visit.held.slice(0, visit.held.length - lost.length)
  visit.overCap += lost.length
  return lost
}

/**
 * Takes the best candidates of a visit that has ended for delivery, `count` at most; the caller commits it with the record. What `isThere` denies can no longer
 * be read and is counted as gone.
 */
export function takeBest(
  visit: Visit,
  isThere: (candidate: Candidate) => boolean = () => true,
  count = Infinity,
): Candidate[] {
  const next = visit.held.slice(0, count)
  const winners = next.filter(isThere)
  visit.gone += next.length - winners.length
  visit.held = visit.held.slice(next.length)
  visit.delivered.push(...winners.map(({ alert }) => alert))
  return winners
}
