// The visits of one filter, by what may still come of them: in use, packed away, or only known to have a record.
import { type Visit } from '../cap/visit.ts'
import { PackedVisits } from './packed-visits.ts'
import { type VisitRecord } from './records.ts'
import { SortedIds } from './sorted-ids.ts'

/** Visits untouched for this long are packed. */
const COOL_MS = 10 * 60_000

export class FilterVisits {
  readonly #inUse = new Map<bigint, Visit>()
  readonly #packed = new PackedVisits()
  /** Visits of which no packet can come any more, with the time they were touched. Nothing else of them is in memory; who needs their record reads it by key. */
  readonly #past = new SortedIds()

  get isEmpty(): boolean {
    return this.#inUse.size + this.#packed.size + this.#past.size === 0
  }

  /** Takes a visit as its record has it; one that was touched before `pastMs` and has no candidates is only remembered to have one. */
  restore(visit: bigint, { state, heldCount }: VisitRecord, pastMs: number): void {
    this.forget(visit)
    if (heldCount > 0) this.#inUse.set(visit, state)
    else if (state.touchedMs < pastMs) this.remember(visit, state.touchedMs)
    else this.#packed.set(visit, state)
  }

  /** Keeps of a visit, of which no packet can come any more, only that it has a record. */
  remember(visit: bigint, touchedMs: number): void {
    this.#inUse.delete(visit)
    this.#packed.delete(visit)
    this.#past.set(visit, touchedMs)
  }

  /** A visit in use; one that was packed is taken out. */
  use(visit: bigint, begin: () => Visit): Visit {
    let state = this.#inUse.get(visit)
    if (state !== undefined) return state
    state = this.#packed.get(visit) ?? begin()
    this.#packed.delete(visit)
    this.#past.delete(visit)
    this.#inUse.set(visit, state)
    return state
  }

  forget(visit: bigint): void {
    this.#inUse.delete(visit)
    this.#packed.delete(visit)
    this.#past.delete(visit)
  }

  /** All that have a record. */
  *ids(): Generator<bigint> {
    yield* this.#inUse.keys()
    for (const { visit } of this.#packed.entries()) yield visit
    for (const [visit] of this.#past.entries()) yield visit
  }

  /** Those in use by id. */
  inUse(): [visit: bigint, state: Visit][] {
    return [...this.#inUse].toSorted(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Of which a packet came at `sinceMs` or later. */
  since(sinceMs: number): bigint[] {
    return [
      ...[...this.#inUse].flatMap(([visit, { lastMs }]) => (lastMs >= sinceMs ? visit : [])),
      ...[...this.#packed.entries()].flatMap(({ visit, lastMs }) => (lastMs >= sinceMs ? visit : [])),
    ]
  }

  /** Takes the newest `count` into use, and all that were touched in the last `ms` before the last change. */
  wake(count: number, ms: number): void {
    const packed = [...this.#packed.entries()]
    const sinceMs = packed.reduce((newestMs, { touchedMs }) => Math.max(newestMs, touchedMs), 0) - ms
    for (const [index, { visit, touchedMs }] of packed.entries())
      if (index >= packed.length - count || touchedMs >= sinceMs)
        this.use(visit, () => {
          throw new TypeError(`visit ${visit} is not packed`)
        })
  }

  /** Packs what nobody uses, lets go of what was touched before `pastMs`, and gives those untouched since `beforeMs`, `limit` at most, which are forgotten. */
  retire({ beforeMs, pastMs, nowMs, limit }: Retirement): bigint[] {
    for (const [visit, state] of this.#inUse)
      if (state.held.length === 0 && state.touchedMs < nowMs - COOL_MS) {
        this.#inUse.delete(visit)
        this.#packed.set(visit, state)
      }
    for (const { visit, touchedMs } of [...this.#packed.entries()].filter(one => one.touchedMs < pastMs)) {
      this.#packed.delete(visit)
      this.#past.set(visit, touchedMs)
    }
    const over: bigint[] = []
    for (const [visit, touchedMs] of this.#past.entries())
      if (over.length >= limit) break
      else if (touchedMs < beforeMs) over.push(visit)
    for (const visit of over) this.#past.delete(visit)
    return over
  }
}

export interface Retirement {
  readonly beforeMs: number
  readonly pastMs: number
  readonly nowMs: number
  readonly limit: number
}
