// Isolate filters alone and beside filters in Python, in turn, on one worker: what the live lane loses, against what two equal segments differ by.
import { type LiveRun, type Played } from './live-run.ts'
import { medianOf } from '#hub'

export interface BesideOptions {
  readonly pairs: number
  readonly perSecond: number
  /** Packets of a segment: each is a visit of its own, so caps fill in each. */
  readonly visit: (number: number) => Promise<readonly Buffer[]>
  readonly note: (step: object) => void
}

export interface Beside {
  readonly without: readonly Played[]
  readonly with: readonly Played[]
  /** p99 of each segment with them, of the mean of the segments before and after it. */
  readonly p99Ratios: readonly number[]
  readonly p99RatioMedian: number
  /** p99 of each segment without them, of the one before it: the noise. */
  readonly noiseRatios: readonly number[]
  readonly noiseMedian: number
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000

/** Plays without, with, without, …: `pairs` segments with them. */
export async function measureBesidePython(
  live: LiveRun,
  { pairs, perSecond, visit, note }: BesideOptions,
): Promise<Beside> {
  const [without, beside]: [Played[], Played[]] = [[], []]
  let number = 0
  const play = async (into: Played[], name: string): Promise<void> => {
    const played = await live.play(await visit(number++), perSecond)
    note({ [name]: into.length, p50: played.p50, p99: played.p99, pythonDeliveries: played.pythonDeliveries })
    into.push(played)
  }
  await play(without, 'without')
  for (let pair = 0; pair < pairs; pair++) {
    await live.setPython(true)
    await play(beside, 'with')
    await live.setPython(false)
    await play(without, 'without')
  }
  const p99 = (runs: readonly Played[], at: number): number => runs[at]?.p99 ?? 0
  const p99Ratios = beside.map((_, at) => rounded((2 * p99(beside, at)) / (p99(without, at) + p99(without, at + 1))))
  const noiseRatios = beside.map((_, at) => rounded(p99(without, at + 1) / p99(without, at)))
  return {
    without,
    with: beside,
    p99Ratios,
    p99RatioMedian: medianOf(p99Ratios),
    noiseRatios,
    noiseMedian: medianOf(noiseRatios),
  }
}
