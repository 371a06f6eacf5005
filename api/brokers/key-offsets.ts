// Key → offset for a great many keys in little memory: a hash of 64 bits and a number each, in typed arrays. Two keys of one hash are taken for one,
// so whoever looks a record up compares its key.

export interface KeyOffsets {
  readonly size: number
  get(key: string): number | undefined
  set(key: string, offset: number): void
  delete(key: string): void
}

const FIRST_SLOTS = 1024
/** Of the slots may be in use before there are twice as many. */
const LOAD = 0.7

/** Keeps at most `maxKeys`: when there would be more, the half with the lowest offsets goes. */
export function openKeyOffsets(maxKeys: number): KeyOffsets {
  let slots = FIRST_SLOTS
  let low = new Uint32Array(slots)
  let high = new Uint32Array(slots)
  /** -1: never used; -2: its key was deleted. */
  let offsets = new Float64Array(slots).fill(-1)
  let used = 0
  let size = 0

  /** The slot of a hash, or the free one where it belongs. */
  const slotOf = (a: number, b: number): number => {
    let slot = a & (slots - 1)
    while (offsets[slot] !== -1 && (low[slot] !== a || high[slot] !== b)) slot = (slot + 1) & (slots - 1)
    return slot
  }
  const put = (a: number, b: number, offset: number): void => {
    const slot = slotOf(a, b)
    const before = offsets[slot] ?? -1
    if (before === -1) used += 1
    if (before < 0) size += 1
    low[slot] = a
    high[slot] = b
    offsets[slot] = offset
  }
  /** Moves what is at or above `from` into so many slots. */
  const rebuild = (count: number, from: number): void => {
    const [lows, highs, before] = [low, high, offsets]
    slots = count
    low = new Uint32Array(slots)
    high = new Uint32Array(slots)
    offsets = new Float64Array(slots).fill(-1)
    used = 0
    size = 0
    for (const [slot, offset] of before.entries())
      if (offset >= 0 && offset >= from) put(lows[slot] ?? 0, highs[slot] ?? 0, offset)
  }
  const makeRoom = (): void => {
    if (size >= maxKeys) {
      const all = offsets.filter(offset => offset >= 0).toSorted()
      rebuild(slots, all[all.length >> 1] ?? 0)
    } else if (used >= slots * LOAD) rebuild(size >= slots * LOAD * 0.5 ? slots * 2 : slots, 0)
  }
  return {
    get size() {
      return size
    },
    get(key) {
      const [a, b] = hashOf(key)
      const offset = offsets[slotOf(a, b)] ?? -1
      return offset < 0 ? undefined : offset
    },
    set(key, offset) {
      makeRoom()
      const [a, b] = hashOf(key)
      put(a, b, offset)
    },
    delete(key) {
      const [a, b] = hashOf(key)
      const slot = slotOf(a, b)
      if ((offsets[slot] ?? -1) < 0) return
      offsets[slot] = -2
      size -= 1
    },
  }
}

/** Two hashes of 32 bits that are mixed into each other (cyrb53, public domain). */
function hashOf(text: string): readonly [number, number] {
  let a = 0xdead_beef
  let b = 0x41c6_ce57
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    a = Math.imul(a ^ unit, 2_654_435_761)
    b = Math.imul(b ^ unit, 1_597_334_677)
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909)
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909)
  return [a >>> 0, b >>> 0]
}
