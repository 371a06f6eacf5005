// Medians and quantiles of measured values, as benches and a filter's trial say them: always one of the values, never a mean of two. Pure.

/** In the unit of the values. */
export interface Spread {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** The value that `share` (0 to 1) of the values, which ascend, lie below; 0 of nothing. */
export const quantileOf = (ascending: readonly number[], share: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? 0

/** The middle value, of an even number the higher of the two; 0 of nothing. */
export const medianOf = (values: readonly number[]): number =>
  quantileOf(
    values.toSorted((a, b) => a - b),
    0.5,
  )

/** Zeros of nothing. */
export const spreadOf = (values: readonly number[]): Spread => {
  const ascending = values.toSorted((a, b) => a - b)
  return { p50: quantileOf(ascending, 0.5), p99: quantileOf(ascending, 0.99), max: quantileOf(ascending, 1) }
}
