// Seeded randomness. Every alert draws from a source of its own, so that any alert of any visit can be made without the ones before it.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform in [low, high). */
  between(low: number, high: number): number
  /** A whole number in [low, high], both included. */
  whole(low: number, high: number): number
  chance(probability: number): boolean
  /** Standard normal deviate (Box-Muller). */
  normal(): number
  pick<T>(items: readonly [T, ...T[]]): T
}

const GOLDEN = 0x9e37_79b9
const UINT32 = 0x1_0000_0000

/** One 32-bit word from all keys (murmur3's finaliser after each), so that neighbouring keys give unrelated streams. */
const mix = (keys: readonly number[]): number => {
  let hash = GOLDEN
  for (const key of keys) {
    hash = Math.imul(hash ^ (key | 0), 0x85eb_ca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
    hash = (hash ^ (hash >>> 16)) + GOLDEN
  }
  return hash | 0
}

/** A source of random numbers (mulberry32) that depends on nothing but the keys. */
export const openRandom = (...keys: readonly number[]): Random => {
  let state = mix(keys)
  const next = (): number => {
    state = (state + 0x6d2b_79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / UINT32
  }
  const between = (low: number, high: number): number => low + (high - low) * next()
  const whole = (low: number, high: number): number => Math.floor(between(low, high + 1))
  return {
    next,
    between,
    whole,
    chance: probability => next() < probability,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: items => items[whole(0, items.length - 1)] ?? items[0],
  }
}
