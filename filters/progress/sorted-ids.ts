// A map from 64-bit ids to numbers in two typed arrays: a shard knows millions of visits, and as objects they would fill its heap.

const FIRST_CAPACITY = 16
const GROWTH = 1.5

/** Ordered by id. Quick where ids mostly grow, as visits do; 16 bytes an entry. */
export class SortedIds {
  #ids = new BigInt64Array(FIRST_CAPACITY)
  #values = new Float64Array(FIRST_CAPACITY)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Where the id is, or would be. */
  #find(id: bigint): number {
    let [low, high] = [0, this.#size]
    if (high > 0 && (this.#ids[high - 1] ?? 0n) < id) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ids[middle] ?? 0n) < id) low = middle + 1
      else high = middle
    }
    return low
  }

  #isAt(place: number, id: bigint): boolean {
    return place < this.#size && this.#ids[place] === id
  }

  get(id: bigint): number | undefined {
    const place = this.#find(id)
    return this.#isAt(place, id) ? this.#values[place] : undefined
  }

  set(id: bigint, value: number): void {
    const place = this.#find(id)
    if (!this.#isAt(place, id)) {
      if (this.#size === this.#ids.length) this.#grow()
      if (place < this.#size) {
        this.#ids.copyWithin(place + 1, place, this.#size)
        this.#values.copyWithin(place + 1, place, this.#size)
      }
      this.#ids[place] = id
      this.#size++
    }
    this.#values[place] = value
  }

  delete(id: bigint): void {
    const place = this.#find(id)
    if (!this.#isAt(place, id)) return
    this.#ids.copyWithin(place, place + 1, this.#size)
    this.#values.copyWithin(place, place + 1, this.#size)
    this.#size--
  }

  /** By id; the map must not change meanwhile. */
  *entries(): Generator<[id: bigint, value: number]> {
    for (let place = 0; place < this.#size; place++) yield [this.#ids[place] ?? 0n, this.#values[place] ?? 0]
  }

  #grow(): void {
    const capacity = Math.ceil(this.#ids.length * GROWTH)
    const [ids, values] = [new BigInt64Array(capacity), new Float64Array(capacity)]
    ids.set(this.#ids)
    values.set(this.#values)
    this.#ids = ids
    this.#values = values
  }
}
