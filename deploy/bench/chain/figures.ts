// From what was sent, received and committed to the figures of a chain. Pure.
import { quantileOf } from '#hub'
import { type Received, type SentVisit } from './messages.ts'

/** Seconds, to the millisecond. */
export interface Spread {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly mean: number
}

/** When a packet was sent into the hub, ms since 1970, by its place on the node. */
export type SentTimes = ReadonlyMap<number, readonly { readonly offset: bigint; readonly sentMs: number }[]>

const S = 1000
const CAP = 20
const toSeconds = (ms: number): number => Math.round(ms) / S

/** Undefined of nothing. */
export function spreadOf(valuesMs: readonly number[]): Spread | undefined {
  if (valuesMs.length === 0) return undefined
  const sorted = valuesMs.toSorted((a, b) => a - b)
  const at = (share: number): number => toSeconds(quantileOf(sorted, share))
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  return { p50: at(0.5), p99: at(0.99), max: at(1), mean: toSeconds(mean) }
}

/** Delivery by delivery, from the packet's leaving for the hub to its being readable. */
export function hubToDelivery(sent: SentTimes, { deliveries }: Received, visits: readonly SentVisit[]): number[] {
  const times = new Map([...sent].map(([partition, list]) => [partition, new Map(list.map(p => [p.offset, p.sentMs]))]))
  const wanted = new Set(visits.map(({ visit }) => visit))
  return deliveries.flatMap(({ visit, source, receivedMs }) => {
    const [offset = '', partition = ''] = source.split('-').toReversed()
    const sentMs = times.get(Number(partition))?.get(BigInt(offset))
    return sentMs === undefined || !wanted.has(visit) ? [] : [receivedMs - sentMs]
  })
}

/** Of each visit and filter that filled its cap: from the visit's first packet to the 20th delivery. */
export function to20th({ deliveries }: Received, visits: readonly SentVisit[]): number[] {
  return visits.flatMap(({ visit, beginMs }) => {
    const byTopic = Map.groupBy(
      deliveries.filter(delivery => delivery.visit === visit),
      ({ topic }) => topic,
    )
    return [...byTopic.values()].flatMap(list => {
      const last = list.map(({ receivedMs }) => receivedMs).toSorted((a, b) => a - b)[CAP - 1]
      return last === undefined ? [] : [last - beginMs]
    })
  })
}

/** When every filter had evaluated a visit and that was committed, ms since 1970; undefined where it was not. */
export function doneMs(sent: SentTimes, { commits }: Received, { endMs }: SentVisit): number | undefined {
  const ends = [...sent].map(
    ([partition, list]) => [String(partition), list.findLast(({ sentMs }) => sentMs <= endMs)?.offset ?? -1n] as const,
  )
  return commits.find(({ positions }) => ends.every(([partition, last]) => BigInt(positions[partition] ?? 0) > last))
    ?.atMs
}

/** Packets that had been sent and not been evaluated by all filters, at each commit while these visits were sent. */
export function lagAlerts(sent: SentTimes, { commits }: Received, visits: readonly SentVisit[]) {
  const places = [...sent].map(([partition, list]) => ({ partition: String(partition), list, left: 0, done: 0 }))
  const lags = commits.map(({ atMs, positions }) => {
    let lag = 0
    for (const place of places) {
      const { partition, list } = place
      while ((list[place.left]?.sentMs ?? Infinity) <= atMs) place.left++
      while ((list[place.done]?.offset ?? Infinity) < BigInt(positions[partition] ?? 0)) place.done++
      lag += Math.max(0, place.left - place.done)
    }
    return { atMs, lag }
  })
  const counted = lags
    .filter(({ atMs }) => visits.some(({ beginMs, endMs }) => atMs >= beginMs && atMs <= endMs))
    .map(({ lag }) => lag)
    .toSorted((a, b) => a - b)
  return { p50: quantileOf(counted, 0.5), p99: quantileOf(counted, 0.99), max: quantileOf(counted, 1) }
}

const secondsBetween = (fromMs: number, toMs: number | undefined): number | null =>
  toMs === undefined ? null : toSeconds(toMs - fromMs)

/** Of a visit sent in a burst: until it was sent, and until all filters were done with it. */
export const burstFigures = (sent: SentTimes, received: Received, visit: SentVisit, fromMs: number) => ({
  sendSeconds: secondsBetween(visit.beginMs, visit.endMs),
  drainedSeconds: secondsBetween(fromMs, doneMs(sent, received, visit)),
  hubToDeliverySeconds: spreadOf(hubToDelivery(sent, received, [visit])),
})

/** Of a visit that waited in the local topic for a worker: until all filters were done with it, from the first verdict and from the worker's start. */
export function localFigures(sent: SentTimes, received: Received, visit: SentVisit, startedMs: number) {
  const doneAt = doneMs(sent, received, visit)
  const verdicts = received.deliveries.filter(one => one.visit === visit.visit).map(({ evaluatedMs }) => evaluatedMs)
  const firstMs = verdicts.reduce((first, ms) => Math.min(first, ms), Infinity)
  return {
    drainedSeconds: verdicts.length === 0 ? null : secondsBetween(firstMs, doneAt),
    withWorkerStartSeconds: secondsBetween(startedMs, doneAt),
  }
}
