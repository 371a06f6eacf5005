// Where the time of a delivery goes, stage by stage. Pure.
import { type SentTimes, type Spread, spreadOf } from './figures.ts'
import { type Ends, type Received, type SentVisit } from './messages.ts'

/** How long each stage of the way took, delivery by delivery. */
export interface Stages {
  readonly sentToHub: Spread | undefined
  readonly hubToNode: Spread | undefined
  readonly nodeToVerdict: Spread | undefined
  readonly verdictToRequest: Spread | undefined
  readonly requestToReceived: Spread | undefined
}

/** First moment at which a partition's end was behind an offset. */
const arrivals = (watched: readonly Ends[]): ((partition: string, offset: bigint) => number) => {
  const lists = new Map<string, { readonly atMs: number; readonly end: bigint }[]>()
  for (const { atMs, ends } of watched)
    for (const [partition, end] of Object.entries(ends)) {
      const list = lists.get(partition) ?? []
      list.push({ atMs, end: BigInt(end) })
      lists.set(partition, list)
    }
  return (partition, offset) => lists.get(partition)?.find(({ end }) => end > offset)?.atMs ?? Number.NaN
}

/** Records of the hub and of the node have the same order but not the same offsets: the node's n-th packet of a partition is the hub's n-th. */
export function stages(sent: SentTimes, received: Received, visits: readonly SentVisit[]): Stages {
  const wanted = new Set(visits.map(({ visit }) => visit))
  const [atHub, atNode] = [arrivals(received.onHub), arrivals(received.onNode)]
  const places = new Map(
    [...sent].map(([partition, list]) => [
      String(partition),
      new Map(list.map(({ offset, sentMs }, index) => [offset, { index: BigInt(index), sentMs }])),
    ]),
  )
  const rows = received.deliveries.flatMap(({ visit, source, evaluatedMs, writtenMs, receivedMs }) => {
    const [offset = '', partition = ''] = source.split('-').toReversed()
    const place = places.get(partition)?.get(BigInt(offset))
    if (place === undefined || !wanted.has(visit)) return []
    const hubMs = atHub(partition, place.index)
    const nodeMs = atNode(partition, BigInt(offset))
    return [
      [hubMs - place.sentMs, nodeMs - hubMs, evaluatedMs - nodeMs, writtenMs - evaluatedMs, receivedMs - writtenMs],
    ]
  })
  const [sentToHub, hubToNode, nodeToVerdict, verdictToRequest, requestToReceived] = Array.from(
    { length: 5 },
    (_, at) => spreadOf(rows.map(row => row[at] ?? 0)),
  )
  return { sentToHub, hubToNode, nodeToVerdict, verdictToRequest, requestToReceived }
}
