// Cap policy `first`: the first alerts of a visit that pass, in the order the shard processes them, go out; the rest is over the cap.
// Candidates that are held, as the policy was `best` when the visit began, have their places.
import { type Decision, type Visit } from './visit.ts'

/**
 * Decides about a passing alert and counts it. The counter belongs to (filter, visit), so visits may interleave and alerts may come late.
 * A smaller cap than before takes nothing back; a larger one lets more through.
 */
export function decideFirst(visit: Visit, cap: number, alert: bigint): Decision {
  visit.passed++
  if (visit.delivered.includes(alert) || visit.held.some(held => held.alert === alert)) {
    visit.duplicates++
    return 'duplicate'
  }
  if (visit.delivered.length + visit.held.length >= cap) {
    visit.overCap++
    return 'over-cap'
  }
  visit.delivered.push(alert)
  return 'deliver'
}
