// How values spread. Pure.

/** In the unit of the values. */
export interface Spread {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** The middle value, of an even number the lower of the two; 0 of nothing. */
export const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0

/** Zeros of nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}
