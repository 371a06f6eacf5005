// What a shard knows, in memory: its lanes, filters and visits. Runs ahead of the progress topic by what is not committed yet.
import { type Visit, newVisit } from '../cap/visit.ts'
import { type Change } from '../publish/piece.ts'
import { filterKey, laneKey, parseKey, visitKey } from './keys.ts'
import {
  decodeFilter,
  decodeLane,
  decodeVisit,
  encodeFilter,
  encodeLane,
  encodeVisit,
  type FilterRecord,
  type LaneRecord,
} from './records.ts'

/** Visits untouched for this long go back to their encoded form, which takes a tenth of the memory. */
const COOL_MS = 10 * 60_000

/** A visit in its encoded form. */
interface Cold {
  readonly text: string
  readonly touchedMs: number
}

const isCold = (state: Visit | Cold): state is Cold => 'text' in state

const cold = (text: string): Cold => ({ text, touchedMs: Number(/"touchedMs":(\d+)/.exec(text)?.[1] ?? 0) })

/** State of one shard. Every change of it goes into a piece, through the `…Change` that fixes the value as it is at that moment. */
export class Ledger {
  readonly lanes = new Map<string, LaneRecord>()
  readonly filters = new Map<string, FilterRecord>()
  /** Visits with candidates that wait for their close. */
  readonly #holding = new Map<string, Set<bigint>>()
  /** Encoded until somebody asks for it. */
  readonly #visits = new Map<string, Map<bigint, Visit | Cold>>()

  /** Takes one record of the progress topic, in the order of the topic. Barriers and unknown keys are left out. */
  restore(key: string, value: string | null): void {
    const parsed = parseKey(key)
    if (parsed?.kind === 'lane') {
      if (value === null) this.lanes.delete(parsed.lane)
      else this.lanes.set(parsed.lane, decodeLane(key, value))
    } else if (parsed?.kind === 'filter') {
      if (value === null) this.filters.delete(parsed.filter)
      else this.filters.set(parsed.filter, decodeFilter(key, value))
    } else if (parsed?.kind === 'visit') {
      if (value === null) this.#visits.get(parsed.filter)?.delete(parsed.visit)
      else {
        this.#of(parsed.filter).set(parsed.visit, cold(value))
        if (value.includes('"held":')) this.hold(parsed.filter, parsed.visit)
      }
    }
  }

  #of(filter: string): Map<bigint, Visit | Cold> {
    let visits = this.#visits.get(filter)
    if (visits === undefined) this.#visits.set(filter, (visits = new Map()))
    return visits
  }

  /** The state of a visit, begun if it is new. */
  visit(filter: string, visit: bigint, cameMs: number, nowMs: number): Visit {
    const visits = this.#of(filter)
    let state = visits.get(visit)
    if (state === undefined) state = newVisit(cameMs, nowMs)
    else if (isCold(state)) state = decodeVisit(visitKey(filter, visit), state.text)
    else return state
    visits.set(visit, state)
    return state
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

  /**
   * Takes the newest visits of every filter into use, and all that were touched in the last `ms` before its last change: after a restore all are encoded, and
   * what was reported of them last may be older than they are.
   */
  wake(visits: number, ms: number): void {
    for (const [filter, known] of this.#visits) {
      const sinceMs = Math.max(...[...known.values()].map(({ touchedMs }) => touchedMs)) - ms
      const newest = [...known.keys()].toSorted((a, b) => (a < b ? -1 : 1)).slice(-visits)
      const touched = [...known].flatMap(([visit, { touchedMs }]) => (touchedMs >= sinceMs ? visit : []))
      for (const visit of new Set([...newest, ...touched])) this.visit(filter, visit, 0, 0)
    }
  }

  /** Visits of a filter that are in use, newest id last; those that went cold are left out. */
  recentVisits(filter: string): [visit: bigint, state: Visit][] {
    const warm: [bigint, Visit][] = []
    for (const [visit, state] of this.#visits.get(filter) ?? []) if (!isCold(state)) warm.push([visit, state])
    return warm.toSorted(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Visits of a filter of which a packet came at this time (ms since 1970) or later. */
  visitsSince(filter: string, sinceMs: number): bigint[] {
    return [...(this.#visits.get(filter) ?? [])].flatMap(([visit, state]) => {
      const { lastMs } = isCold(state) ? decodeVisit(visitKey(filter, visit), state.text) : state
      return lastMs >= sinceMs ? visit : []
    })
  }

  /** Forgets visits that nobody touched since `beforeMs` and cools the others; gives what has to be deleted from the progress topic. */
  retire(beforeMs: number, nowMs: number): Map<string, Change> {
    const changes = new Map<string, Change>()
    for (const [filter, visits] of this.#visits) {
      for (const [visit, state] of visits) {
        if (state.touchedMs < beforeMs) {
          visits.delete(visit)
          changes.set(visitKey(filter, visit), () => null)
        } else if (!isCold(state) && state.held.length === 0 && state.touchedMs < nowMs - COOL_MS) {
          visits.set(visit, cold(encodeVisit(state)))
        }
      }
      if (visits.size === 0) this.#visits.delete(filter)
    }
    return changes
  }

  /** Forgets a filter and all its visits. */
  forget(filter: string): Map<string, Change> {
    const keys = [...(this.#visits.get(filter)?.keys() ?? [])].map(visit => visitKey(filter, visit))
    this.#visits.delete(filter)
    this.#holding.delete(filter)
    this.filters.delete(filter)
    return new Map([...keys, filterKey(filter)].map(key => [key, () => null]))
  }

  visitChange(visit: Visit): Change {
    const copy = { ...visit, delivered: [...visit.delivered], held: [...visit.held] }
    return () => encodeVisit(copy)
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
