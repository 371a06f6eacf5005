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
const CLOSED_AT = 48
const LENGTH_AT = 49

/** Holds visits without candidates. */
export class PackedVisits {
  readonly #places = new SortedIds()
  #bytes = Buffer.alloc(FIRST_BYTES)
  #end = 0
  #deadBytes = 0

  get size(): number {
    return this.#places.size
  }

  set(visit: bigint, state: Visit): void {
    this.delete(visit)
    const { delivered } = state
    const bytes = FIXED_BYTES + delivered.length * LONG_BYTES
    if (this.#end + bytes > this.#bytes.length) this.#makeRoom(bytes)
    const buffer = this.#bytes
    let at = this.#end
    this.#places.set(visit, at)
    for (const time of TIMES) at = buffer.writeDoubleLE(state[time], at)
    for (const count of COUNTS) at = buffer.writeUInt32LE(state[count], at)
    at = buffer.writeUInt8(Number(state.closed), at)
    at = buffer.writeUInt32LE(delivered.length, at)
    for (const alert of delivered) at = buffer.writeBigInt64LE(alert, at)
    this.#end = at
  }

  get(visit: bigint): Visit | undefined {
    const place = this.#places.get(visit)
    if (place === undefined) return undefined
    const buffer = this.#bytes
    let at = place
    const [touchedMs = 0, firstMs = 0, lastMs = 0] = TIMES.map((_, index) => buffer.readDoubleLE(at + 8 * index))
    at += 8 * TIMES.length
    const [seen = 0, passed = 0, errors = 0, overCap = 0, duplicates = 0, gone = 0] = COUNTS.map((_, index) =>
      buffer.readUInt32LE(at + 4 * index),
    )
    const delivered = Array.from({ length: buffer.readUInt32LE(place + LENGTH_AT) }, (_, index) =>
      buffer.readBigInt64LE(place + FIXED_BYTES + LONG_BYTES * index),
    )
    const closed = buffer.readUInt8(place + CLOSED_AT) === 1
    const counts = { seen, passed, errors, overCap, duplicates, gone }
    return { ...counts, delivered, held: [], closed, firstMs, lastMs, touchedMs }
  }

  delete(visit: bigint): void {
    const place = this.#places.get(visit)
    if (place === undefined) return
    this.#places.delete(visit)
    this.#deadBytes += FIXED_BYTES + LONG_BYTES * this.#bytes.readUInt32LE(place + LENGTH_AT)
  }

  /** By id, with what decides how long they are kept; the visits must not change meanwhile. */
  *entries(): Generator<{ readonly visit: bigint; readonly touchedMs: number; readonly lastMs: number }> {
    for (const [visit, place] of this.#places.entries())
      yield {
        visit,
        touchedMs: this.#bytes.readDoubleLE(place),
        lastMs: this.#bytes.readDoubleLE(place + LAST_MS_AT),
      }
  }

  /** Leaves out what was deleted; the buffer grows if that is not enough. */
  #makeRoom(bytes: number): void {
    const liveBytes = this.#end - this.#deadBytes
    const fresh = Buffer.alloc(Math.max(FIRST_BYTES, Math.ceil((liveBytes + bytes) * GROWTH)))
    let end = 0
    for (const [visit, place] of this.#places.entries()) {
      const length = FIXED_BYTES + LONG_BYTES * this.#bytes.readUInt32LE(place + LENGTH_AT)
      this.#bytes.copy(fresh, end, place, place + length)
      this.#places.set(visit, end)
      end += length
    }
    this.#bytes = fresh
    this.#end = end
    this.#deadBytes = 0
  }
}
