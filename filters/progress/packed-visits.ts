// Visits of one filter that nobody works on, but of which packets may still come: in one buffer, outside the heap, a tenth of what they take as objects.
import { type Visit } from '../cap/visit.ts'
import { SortedIds } from './sorted-ids.ts'

const FIRST_BYTES = 512
const GROWTH = 1.5
/** Times (3 × 8), counts (6 × 4), closed (1), how many ids follow (4). */
const FIXED_BYTES = 53
const LONG_BYTES = 8
const TIMES = ['touchedMs', 'firstMs', 'lastMs'] as const
const COUNTS = ['seen', 'passed', 'errors', 'overCap', 'duplicates', 'gone'] as const
const LAST_MS_AT = 16
const COUNTS_AT = 24
const CLOSED_AT = 48
const LENGTH_AT = 49

/** Holds visits without candidates. */
export class PackedVisits {
  readonly #places = new SortedIds()
  #bytes = new DataView(new ArrayBuffer(FIRST_BYTES))
  #end = 0
  #deadBytes = 0

  get size(): number {
    return this.#places.size
  }

  set(visit: bigint, state: Visit): void {
    this.delete(visit)
    const { delivered } = state
    const bytes = FIXED_BYTES + delivered.length * LONG_BYTES
    if (this.#end + bytes > this.#bytes.byteLength) this.#makeRoom(bytes)
    const view = this.#bytes
    const place = this.#end
    this.#places.set(visit, place)
    TIMES.forEach((time, index) => view.setFloat64(place + 8 * index, state[time]))
    COUNTS.forEach((count, index) => view.setUint32(place + COUNTS_AT + 4 * index, state[count]))
    view.setUint8(place + CLOSED_AT, Number(state.closed))
    view.setUint32(place + LENGTH_AT, delivered.length)
    delivered.forEach((alert, index) => view.setBigInt64(place + FIXED_BYTES + LONG_BYTES * index, alert))
    this.#end = place + bytes
  }

  get(visit: bigint): Visit | undefined {
    const place = this.#places.get(visit)
    if (place === undefined) return undefined
    const view = this.#bytes
    const [touchedMs = 0, firstMs = 0, lastMs = 0] = TIMES.map((_, index) => view.getFloat64(place + 8 * index))
    const [seen = 0, passed = 0, errors = 0, overCap = 0, duplicates = 0, gone = 0] = COUNTS.map((_, index) =>
      view.getUint32(place + COUNTS_AT + 4 * index),
    )
    const delivered = Array.from({ length: view.getUint32(place + LENGTH_AT) }, (_, index) =>
      view.getBigInt64(place + FIXED_BYTES + LONG_BYTES * index),
    )
    const closed = view.getUint8(place + CLOSED_AT) === 1
    const counts = { seen, passed, errors, overCap, duplicates, gone }
    return { ...counts, delivered, held: [], closed, firstMs, lastMs, touchedMs }
  }

  delete(visit: bigint): void {
    const place = this.#places.get(visit)
    if (place === undefined) return
    this.#places.delete(visit)
    this.#deadBytes += FIXED_BYTES + LONG_BYTES * this.#bytes.getUint32(place + LENGTH_AT)
  }

  /** By id, with what decides how long they are kept; the visits must not change meanwhile. */
  *entries(): Generator<{ readonly visit: bigint; readonly touchedMs: number; readonly lastMs: number }> {
    for (const [visit, place] of this.#places.entries())
      yield {
        visit,
        touchedMs: this.#bytes.getFloat64(place),
        lastMs: this.#bytes.getFloat64(place + LAST_MS_AT),
      }
  }

  /** Leaves out what was deleted; the buffer grows if that is not enough. */
  #makeRoom(bytes: number): void {
    const liveBytes = this.#end - this.#deadBytes
    const fresh = new Uint8Array(Math.max(FIRST_BYTES, Math.ceil((liveBytes + bytes) * GROWTH)))
    let end = 0
    for (const [visit, place] of this.#places.entries()) {
      const length = FIXED_BYTES + LONG_BYTES * this.#bytes.getUint32(place + LENGTH_AT)
      fresh.set(new Uint8Array(this.#bytes.buffer, place, length), end)
      this.#places.set(visit, end)
      end += length
    }
    this.#bytes = new DataView(fresh.buffer)
    this.#end = end
    this.#deadBytes = 0
  }
}
