// What a shard knows, in memory: its lanes, filters and visits. In: records of skysieve.progress, at a restore. Out: changes of them, each with the value as it is at
// that moment, for a commit unit. Runs ahead of the topic by what is not committed yet.
import { better } from '../cap/best-policy.ts'
import { type Candidate, type Visit, newVisit } from '../cap/visit.ts'
import { FilterVisits } from './filter-visits.ts'
import { type Change, filterKey, heldKey, laneKey, parseKey, visitKey } from './keys.ts'
import {
  decodeCandidate,
  decodeFilter,
  decodeLane,
  decodeVisitRecord,
  encodeCandidate,
  encodeFilter,
  encodeLane,
  encodeVisit,
  type FilterRecord,
  type LaneRecord,
} from './records.ts'

/** Records of visits that one `retire` deletes at most: they go into one transaction. */
const RETIRED_AT_ONCE = 20_000

const TOUCHED = '"touchedMs":'

/** When a visit that holds nothing was touched, without reading all of its record: of most that is all a restart needs. */
function touchedMsOfRest(text: string): number | undefined {
  if (text.includes('"held')) return undefined
  const at = text.indexOf(TOUCHED)
  // Its number ends at a comma or at the record's brace.
  const ms = at === -1 ? Number.NaN : Number.parseInt(text.slice(at + TOUCHED.length, at + TOUCHED.length + 15), 10)
  return Number.isNaN(ms) ? undefined : ms
}

/** A visit with candidates, as they are read back. */
interface Waiting {
  readonly filter: string
  readonly visit: bigint
  readonly records: Map<bigint, Candidate>
  /** Of a record from before candidates had records of their own. */
  inline: readonly Candidate[]
}

/** State of one shard. Every change of it goes into a unit, through the `…Change` that fixes the value as it is at that moment. */
export class ShardState {
  readonly lanes = new Map<string, LaneRecord>()
  readonly filters = new Map<string, FilterRecord>()
  /** Visits with candidates that wait for their close. */
  readonly #holding = new Map<string, Set<bigint>>()
  readonly #visits = new Map<string, FilterVisits>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #pastMs: number

  /** Of visits touched before `pastMs` no packet can come any more: their records are left as they are, and not kept in memory. */
  constructor(pastMs = 0) {
    this.#pastMs = pastMs
  }

  /** Takes one record of the progress topic, in the order of the topic. Barriers and unknown keys are left out. Call `restored` after the last. */
  restore(key: string, value: string | null): void {
    const parsed = parseKey(key)
    if (parsed?.kind === 'lane') {
      if (value === null) this.lanes.delete(parsed.lane)
      else this.lanes.set(parsed.lane, decodeLane(key, value))
    } else if (parsed?.kind === 'filter') {
      if (value === null) this.filters.delete(parsed.filter)
      else this.filters.set(parsed.filter, decodeFilter(key, value))
    } else if (parsed?.kind === 'visit') this.#restoreVisit(key, parsed.filter, parsed.visit, value)
    else if (parsed?.kind === 'held') {
      const { records } = this.#wait(parsed.filter, parsed.visit)
      if (value === null) records.delete(parsed.alert)
      else records.set(parsed.alert, decodeCandidate(key, value))
    }
  }

  #restoreVisit(key: string, filter: string, visit: bigint, value: string | null): void {
    if (value === null) {
      this.#visits.get(filter)?.forget(visit)
      this.#waiting.delete(key)
      return
    }
    const pastMs = this.#waiting.has(key) ? undefined : touchedMsOfRest(value)
    if (pastMs !== undefined && pastMs < this.#pastMs) {
      this.#of(filter).remember(visit, pastMs)
      return
    }
    const record = decodeVisitRecord(key, value)
    const waiting = record.state.held.length > 0 ? this.#wait(filter, visit) : this.#waiting.get(key)
    if (waiting !== undefined) waiting.inline = record.state.held
    record.state.held = []
    this.#of(filter).restore(visit, record, this.#pastMs)
  }

  #wait(filter: string, visit: bigint): Waiting {
    const key = visitKey(filter, visit)
    let waiting = this.#waiting.get(key)
    if (waiting === undefined)
      this.#waiting.set(key, (waiting = { filter, visit, records: new Map<bigint, Candidate>(), inline: [] }))
    return waiting
  }

  /** Gives visits their candidates back; what has to be committed first is what was written before candidates had records of their own. */
  restored(): Map<string, Change>[] {
    const changes: Map<string, Change>[] = []
    for (const { filter, visit, records, inline } of this.#waiting.values()) {
      const moved = inline.filter(({ alert }) => !records.has(alert))
      const held = [...records.values(), ...moved].toSorted(better)
      if (held.length === 0) continue
      const state = this.visit(filter, visit, 0, 0)
      state.held = held
      this.hold(filter, visit)
      if (inline.length > 0)
        changes.push(
          new Map([
            ...moved.map(candidate => this.heldChange(filter, visit, candidate)),
            [visitKey(filter, visit), this.visitChange(state)],
          ]),
        )
    }
    this.#waiting.clear()
    return changes
  }

  #of(filter: string): FilterVisits {
    let visits = this.#visits.get(filter)
    if (visits === undefined) this.#visits.set(filter, (visits = new FilterVisits()))
    return visits
  }

  /** The state of a visit, begun if it is new. */
  visit(filter: string, visit: bigint, cameMs: number, nowMs: number): Visit {
    return this.#of(filter).use(visit, () => newVisit(cameMs, nowMs))
  }

  /** Notes that a visit has candidates. */
  hold(filter: string, visit: bigint): void {
    const visits = this.#holding.get(filter)
    if (visits === undefined) this.#holding.set(filter, new Set([visit]))
    else visits.add(visit)
  }

  /** Visits of a filter that wait for their close. */
  *holding(filter: string): Generator<[visit: bigint, state: Visit]> {
    const visits = this.#holding.get(filter)
    for (const visit of visits ?? []) {
      const state = this.visit(filter, visit, 0, 0)
      if (state.held.length === 0) visits?.delete(visit)
      else yield [visit, state]
    }
  }

  /** Filters with visits that wait for their close. */
  get holders(): readonly string[] {
    return [...this.#holding.keys()]
  }

  /**
   * Takes the newest visits of every filter into use, and all that were touched in the last `ms` before its last change: after a restore all are packed, and
   * what was reported of them last may be older than they are.
   */
  wake(visits: number, ms: number): void {
    for (const known of this.#visits.values()) known.wake(visits, ms)
  }

  /** Visits of a filter that are in use, newest id last. */
  recentVisits(filter: string): [visit: bigint, state: Visit][] {
    return this.#visits.get(filter)?.inUse() ?? []
  }

  /** Visits of a filter of which a packet came at this time (ms since 1970) or later. */
  visitsSince(filter: string, sinceMs: number): bigint[] {
    return this.#visits.get(filter)?.since(sinceMs) ?? []
  }

  /**
   * Packs visits that nobody uses, lets go of those touched before `pastMs`, of which no packet can come any more, and gives the records of those that nobody
   * has touched since `beforeMs`, to be deleted from the progress topic; more the next time.
   */
  retire(beforeMs: number, pastMs: number, nowMs: number): Map<string, Change> {
    const changes = new Map<string, Change>()
    for (const [filter, visits] of this.#visits) {
      const limit = RETIRED_AT_ONCE - changes.size
      for (const visit of visits.retire({ beforeMs, pastMs, nowMs, limit }))
        changes.set(visitKey(filter, visit), () => null)
      if (visits.isEmpty) this.#visits.delete(filter)
    }
    return changes
  }

  /** Forgets a filter and all its visits. */
  forget(filter: string): Map<string, Change> {
    const held = [...this.holding(filter)].flatMap(([visit, state]) =>
      state.held.map(({ alert }) => heldKey(filter, visit, alert)),
    )
    const keys = [...(this.#visits.get(filter)?.ids() ?? [])].map(visit => visitKey(filter, visit))
    this.#visits.delete(filter)
    this.#holding.delete(filter)
    this.filters.delete(filter)
    return new Map([...held, ...keys, filterKey(filter)].map(key => [key, () => null]))
  }

  visitChange(visit: Visit): Change {
    const copy = { ...visit, delivered: [...visit.delivered], held: [...visit.held] }
    return () => encodeVisit(copy)
  }

  heldChange(filter: string, visit: bigint, candidate: Candidate): [key: string, change: Change] {
    return [heldKey(filter, visit, candidate.alert), () => encodeCandidate(candidate)]
  }

  /** Candidates that have been delivered, lost their place, or are gone. */
  releaseChanges(filter: string, visit: bigint, candidates: readonly Candidate[]): [key: string, change: Change][] {
    return candidates.map(({ alert }) => [heldKey(filter, visit, alert), () => null])
  }

  filterChange(filter: string): [key: string, change: Change] {
    const record = this.filters.get(filter)
    const copy = record === undefined ? undefined : { ...record, ahead: new Map(record.ahead) }
    return [filterKey(filter), () => (copy === undefined ? null : encodeFilter(copy))]
  }

  laneChange(lane: string): [key: string, change: Change] {
    const record = this.lanes.get(lane)
    if (record === undefined) return [laneKey(lane), () => null]
    const { positions, schemas, newestMs, readMs } = record
    const copy = {
      ...record,
      positions: new Map(positions),
      schemas: [...schemas],
      newestMs: new Map(newestMs),
      readMs: readMs && new Map(readMs),
    }
    return [laneKey(lane), () => encodeLane(copy)]
  }
}
