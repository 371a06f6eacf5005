// Keys of the topic skysieve.progress (README.md has what they hold). One partition per shard; the newest record of a key holds.

export const PROGRESS_TOPIC = 'skysieve.progress'

export const laneKey = (lane: string): string => `lane/${lane}`
export const filterKey = (filter: string): string => `filter/${filter}`
export const visitKey = (filter: string, visit: bigint): string => `visit/${filter}/${visit}`
/** A candidate of a visit that waits for its close. */
export const heldKey = (filter: string, visit: bigint, alert: bigint): string => `held/${filter}/${visit}/${alert}`
export const barrierKey = (incarnation: string): string => `barrier/${incarnation}`

/** The new value of a key; null deletes it. Called only for the newest change of a key in a transaction, so what is overwritten is never encoded. */
export type Change = () => string | null

export type ProgressKey =
  | { readonly kind: 'lane'; readonly lane: string }
  | { readonly kind: 'filter'; readonly filter: string }
  | { readonly kind: 'visit'; readonly filter: string; readonly visit: bigint }
  | { readonly kind: 'held'; readonly filter: string; readonly visit: bigint; readonly alert: bigint }
  | { readonly kind: 'barrier'; readonly incarnation: string }

const LONG = /^-?\d{1,19}$/

/** What a key names, or undefined for one that this version does not know (a newer version's record is left alone). */
export function parseKey(key: string): ProgressKey | undefined {
  const [kind, first, second, third, ...rest] = key.split('/')
  if (first === undefined || first === '' || rest.length > 0) return undefined
  if (kind === 'held') {
    if (second === undefined || third === undefined || !LONG.test(second) || !LONG.test(third)) return undefined
    return { kind, filter: first, visit: BigInt(second), alert: BigInt(third) }
  }
  if (third !== undefined) return undefined
  if (kind === 'visit') {
    if (second === undefined || !LONG.test(second)) return undefined
    return { kind, filter: first, visit: BigInt(second) }
  }
  if (second !== undefined) return undefined
  if (kind === 'lane') return { kind, lane: first }
  if (kind === 'filter') return { kind, filter: first }
  if (kind === 'barrier') return { kind, incarnation: first }
  return undefined
}
