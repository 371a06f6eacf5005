// How pixel values become shades: which values are black and white, and what lies between them.

export const STRETCHES = ['zscale', 'linear', 'log', 'asinh'] as const
export type Stretch = (typeof STRETCHES)[number]

/** Values from here (black) to there (white). */
export interface Limits {
  readonly low: number
  readonly high: number
}

/** Linear, log and asinh show this share of the pixels: a cosmic ray does not make all others black. */
const SHOWN_SHARE = 0.995
// Constants of the curves, as DS9 and astropy have them.
const LOG_A = 1000
const ASINH_A = 0.1

// IRAF's zscale: parameters of its display task.
const SAMPLES = 1000
const CONTRAST = 0.25
const MAX_REJECTED_SHARE = 0.5
const MIN_SAMPLES = 5
const REJECT_SIGMA = 2.5
const ITERATIONS = 5

/** A function from a pixel's value to its shade, 0 to 1. What is not finite has none: NaN. */
export function shadesOf(stretch: Stretch, pixels: Float64Array): (value: number) => number {
  const sorted = pixels.filter(Number.isFinite).toSorted()
  const { low, high } = stretch === 'zscale' ? zscaleLimits(sorted) : percentileLimits(sorted)
  const span = high - low
  const curve = CURVES[stretch]
  // An image of one value is all black.
  return value =>
    Number.isFinite(value) ? (span > 0 ? curve(Math.min(Math.max((value - low) / span, 0), 1)) : 0) : Number.NaN
}

const CURVES: Record<Stretch, (share: number) => number> = {
  zscale: share => share,
  linear: share => share,
  log: share => Math.log(LOG_A * share + 1) / Math.log(LOG_A + 1),
  asinh: share => Math.asinh(share / ASINH_A) / Math.asinh(1 / ASINH_A),
}

function percentileLimits(sorted: Float64Array): Limits {
  const skipped = ((1 - SHOWN_SHARE) / 2) * (sorted.length - 1)
  return { low: sorted[Math.floor(skipped)] ?? 0, high: sorted[Math.ceil(sorted.length - 1 - skipped)] ?? 0 }
}

/**
 * Limits by IRAF's zscale: a line is fitted through a sample of the pixels in the order of their values, outliers left out; its slope says how far
 * around the median shades reach. `sorted` holds finite values in ascending order.
 */
export function zscaleLimits(sorted: Float64Array): Limits {
  const step = Math.max(1, Math.floor(sorted.length / SAMPLES))
  const sample = sorted.filter((_, at) => at % step === 0)
  const first = sample[0] ?? 0
  const last = sample.at(-1) ?? 0
  const fit = fitLine(sample)
  if (fit === undefined) return { low: first, high: last }
  const middle = (sample.length - 1) / 2
  const median = (sample[Math.floor(middle)]! + sample[Math.ceil(middle)]!) / 2
  const slope = fit / CONTRAST
  return { low: Math.max(first, median - middle * slope), high: Math.min(last, median + middle * slope) }
}

/** Slope of the line through (index, value) without outliers; undefined where too few points are left. */
function fitLine(values: Float64Array): number | undefined {
  const least = Math.max(MIN_SAMPLES, Math.ceil(values.length * (1 - MAX_REJECTED_SHARE)))
  let kept: readonly number[] = Array.from(values.keys())
  for (let round = 0; ; round++) {
    if (kept.length < least) return undefined
    const { slope, at } = line(values, kept)
    if (round === ITERATIONS) return slope
    const residuals = kept.map(i => values[i]! - at(i))
    const sigma = Math.sqrt(residuals.reduce((sum, r) => sum + r * r, 0) / kept.length)
    const next = kept.filter((_, k) => Math.abs(residuals[k]!) <= REJECT_SIGMA * sigma)
    if (next.length === kept.length) return slope
    kept = next
  }
}

/** Least squares. */
function line(values: Float64Array, kept: readonly number[]): { slope: number; at: (i: number) => number } {
  const meanX = kept.reduce((sum, i) => sum + i, 0) / kept.length
  const meanY = kept.reduce((sum, i) => sum + values[i]!, 0) / kept.length
  let xy = 0
  let xx = 0
  for (const i of kept) {
    xy += (i - meanX) * (values[i]! - meanY)
    xx += (i - meanX) ** 2
  }
  const slope = xx > 0 ? xy / xx : 0
  return { slope, at: i => meanY + slope * (i - meanX) }
}
