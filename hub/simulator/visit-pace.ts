// When the packets of a visit leave: spread evenly, or in Rubin's measured bursts. Pure; play-stream.ts keeps the clock.
import { openRandom } from '../synthetic/random.ts'

/** So many packets, so many milliseconds after the visit's start. */
export interface Slice {
  readonly dueMs: number
  readonly packets: number
}

/** Short enough for a smooth stream, long enough for batches of several packets. */
const SLICE_MS = 200

/** Bursts of the simulator profile in DMTN-149: 10,000 alerts within 3 s in 189 bursts of 10 to 200, centred on 50. */
const BURST_SPREAD_MS = 3000
const BURST_MIN = 10
const BURST_MAX = 200
const BURST_CENTRE = 50
const BURST_SCATTER = 0.45

/** Evenly over `spreadMs`. */
export const smoothSlices = (packets: number, spreadMs: number): readonly Slice[] => {
  const count = Math.max(1, Math.min(packets, Math.ceil(spreadMs / SLICE_MS)))
  const upTo = (slice: number): number => Math.round((packets * slice) / count)
  return Array.from({ length: count }, (_, slice) => ({
    dueMs: (spreadMs * slice) / count,
    packets: upTo(slice + 1) - upTo(slice),
  }))
}

/** In bursts over 3 s; the seed decides their sizes. */
export const burstSlices = (packets: number, seed: number): readonly Slice[] => {
  const random = openRandom(seed)
  const sizes: number[] = []
  for (let left = packets; left > 0; left -= sizes.at(-1) ?? left) {
    const drawn = Math.round(BURST_CENTRE * Math.exp(BURST_SCATTER * random.normal()))
    sizes.push(Math.min(left, Math.max(BURST_MIN, Math.min(BURST_MAX, drawn))))
  }
  return sizes.map((size, burst) => ({ dueMs: (BURST_SPREAD_MS * burst) / sizes.length, packets: size }))
}

/** Walks a visit's slices once, with the clock passed in. */
export const openPace = (slices: readonly Slice[]) => {
  let next = 0
  let due = 0
  return {
    /** How many packets may have left after so many milliseconds; never fewer than before. */
    dueAfter: (elapsedMs: number): number => {
      for (let slice = slices[next]; slice !== undefined && slice.dueMs <= elapsedMs; slice = slices[++next])
        due += slice.packets
      return due
    },
    /** When the next packets are due; the last slice's time when none are left. */
    nextMs: (): number => (slices[next] ?? slices.at(-1))?.dueMs ?? 0,
  }
}
