// What a filter did with one visit, from its node's own records: exact counts, and which alerts were over the cap.
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { decodeVisit, type Manifest, OVER_CAP_TOPIC, PROGRESS_TOPIC, visitKey } from '#filters'
import { type FilterStatus, type VisitCounts } from '../control/status-records.ts'
import { type Brokers } from '../brokers/brokers.ts'

/** The node keeps no more ids of a visit. */
export const MAX_OVER_CAP_ALERTS = 1000
/** How far the clocks of a hub, which stamped the packets, and of a node may differ. */
const CLOCK_SLACK_MS = 60_000

interface OverCapAlert {
  readonly alert: string
  /** `topic-partition-offset` of its packet. */
  readonly source: string
}

export interface VisitReport extends VisitCounts {
  /** In the order they came. */
  readonly overCapAlerts: readonly OverCapAlert[]
}

const OverCapRecord = Type.Object({
  filter: Type.String(),
  visit: Type.String(),
  overCap: Type.Integer(),
  alerts: Type.Array(Type.Object({ alert: Type.String(), source: Type.String() })),
})

/** What nodes keep. */
type NodeRecords = Pick<Brokers, 'records' | 'newest' | 'address'>

export interface VisitQuery {
  readonly manifest: Manifest
  readonly status: FilterStatus | undefined
  /** Decimal digits. */
  readonly visit: string
}

/** Undefined where nothing is known of the visit, or only a node that was removed knew it. Throws ApiError API_MIRROR_DOWN. */
export async function visitReport(brokers: NodeRecords, query: VisitQuery): Promise<VisitReport | undefined> {
  const { manifest, status, visit } = query
  const { handover, placement, formerly = [] } = manifest
  // A node that has handed the filter over keeps, and finishes, the visits it had begun; what it did before is in its records too.
  const isElsewhere = handover?.visits.includes(visit) === true
  const present = isElsewhere ? handover.from : (status ?? placement)
  for (const place of present ? [present, ...formerly] : formerly) {
    const { mirror, shard } = place
    // What a node that was removed had, went with it.
    if (brokers.address(mirror) === undefined) continue
    const reported = isElsewhere || place !== present ? undefined : status?.visits.find(one => one.visit === visit)
    const counts = reported ?? (await countsOf(brokers, mirror, shard, manifest.id, visit))
    if (counts === undefined) continue
    const { total, alerts } =
      counts.overCap > 0 ? await overCapOf(brokers, mirror, manifest.id, counts) : { total: 0, alerts: [] }
    return { ...counts, overCap: Math.max(counts.overCap, total), overCapAlerts: alerts }
  }
  return undefined
}

/** From the node's progress: the newest record of the visit holds. */
async function countsOf(
  brokers: NodeRecords,
  mirror: string,
  shard: number,
  filter: string,
  visit: string,
): Promise<VisitCounts | undefined> {
  const key = visitKey(filter, BigInt(visit))
  const newest = (await brokers.newest(mirror, PROGRESS_TOPIC, shard, key))?.value?.toString()
  if (newest === undefined) return undefined
  const { delivered, seen, passed, overCap, errors, firstMs, touchedMs } = decodeVisit(key, newest)
  return { visit, seen, passed, delivered: delivered.length, overCap, errors, firstMs, touchedMs }
}

/** Only the time in which the node worked on the visit is read, if it is known, and only what is of the visit is kept. */
async function overCapOf(
  brokers: NodeRecords,
  mirror: string,
  filter: string,
  { visit, firstMs, touchedMs = Infinity }: VisitCounts,
): Promise<{ readonly total: number; readonly alerts: readonly OverCapAlert[] }> {
  const alerts: OverCapAlert[] = []
  let total = 0
  const from = firstMs === undefined ? 'earliest' : { timestampMs: firstMs - CLOCK_SLACK_MS }
  // Its writer keeps all records of a filter in one partition, and the topic has one.
  for await (const { key, value, timestampMs } of brokers.records(mirror, OVER_CAP_TOPIC, 0, from)) {
    if (timestampMs > touchedMs + CLOCK_SLACK_MS) break
    if (key?.toString() !== filter || value === null) continue
    const record: unknown = JSON.parse(value.toString())
    if (!Value.Check(OverCapRecord, record) || record.visit !== visit) continue
    total = Math.max(total, record.overCap)
    alerts.push(...record.alerts.slice(0, MAX_OVER_CAP_ALERTS - alerts.length))
  }
  return { total, alerts }
}
