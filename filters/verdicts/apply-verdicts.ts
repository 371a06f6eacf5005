// In: a batch and what the sandbox said of it. Out: commit units with deliveries, alerts over the cap, dead letters, and the progress records that go with them.
// The one place where counters, positions and deliveries change: all together, row by row.
import { type Verdicts } from '#sandbox'
import { type Entry } from '../batch/lane-batch.ts'
import { leftOut } from '../cap/held-annotations.ts'
import { type PartitionTime, timePacket } from '../cap/visit-time.ts'
import { type Source, type Visit } from '../cap/visit.ts'
import { visitKey } from '../progress/keys.ts'
import { after, catchUp, follow } from '../progress/positions.ts'
import { type LaneRecord } from '../progress/records.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { emptyUnit, OVER_CAP_IDS, type OverCap, type CommitUnit } from '../publish/commit-unit.ts'
import { UNIT_BYTES } from '../publish/transaction-plan.ts'
import { decideCap } from './cap-decision.ts'
import { type CappedFilter, isNotFor } from './capped-filter.ts'
import { eventsByRow, extrasOf } from './verdict-rows.ts'

export interface ApplyOptions {
  readonly shardState: ShardState
  readonly lane: string
  readonly topic: string
  /** Only one lane of a mirror writes them, or they would be there once per lane. */
  readonly writesDeadLetters: boolean
  readonly nowMs: number
  readonly unitBytes?: number
}

/** A unit is ended inside a row that makes it this many times as large as it should be; two such units fit into a transaction. */
const FULL_UNITS = 2

/** Estimated bytes of a visit's record, of an id in it, and of a candidate's record without annotations. */
const [VISIT_BYTES, ID_BYTES, HELD_BYTES] = [250, 22, 220]

/** Rows of one visit in one unit. */
interface Group {
  rows: number
  firstMs: number
  lastMs: number
  /** Per filter, in the order of the lane: its state and the rows it skipped. */
  readonly states: (Visit | undefined)[]
  readonly skipped: number[]
  readonly overCap: (OverCap | undefined)[]
}

/**
 * Applies the verdicts (verdicts[i] is filters[i]'s) to the shard's state and gives what has to be committed, cut so that a transaction can end between any two
 * units: each carries the progress records as they are after its last row. A filter without a verdict here must not be in `filters`.
 * @throws FilterError FILTER_POSITION when the entries do not follow the lane's position; the shard's state is then useless.
 */
export function applyVerdicts(
  entries: readonly Entry[],
  filters: readonly CappedFilter[],
  verdicts: readonly Verdicts[],
  { shardState, lane, topic, writesDeadLetters, nowMs, unitBytes = UNIT_BYTES }: ApplyOptions,
): CommitUnit[] {
  const record = shardState.lanes.get(lane)
  if (record === undefined) throw new TypeError(`lane ${lane} is not in the state of its shard`)
  const events = eventsByRow(verdicts, entries.length)
  const masked = filters.flatMap(({ ahead, fromVisit, share }, index) =>
    ahead.size > 0 || fromVisit !== undefined || share !== undefined ? [index] : [],
  )
  const units: CommitUnit[] = []
  let unit = emptyUnit()
  let groups = new Map<bigint, Group>()
  /** By filter: alerts whose annotations are too long to be held. */
  const stripped = new Map<number, number>()

  const stateOf = (group: Group, index: number, visit: bigint, filter: CappedFilter): Visit =>
    (group.states[index] ??= shardState.visit(filter.id, visit, group.firstMs, nowMs))

  const close = (): void => {
    for (const [visit, group] of groups) {
      filters.forEach((filter, index) => {
        const seen = group.rows - (group.skipped[index] ?? 0)
        if (seen === 0) return
        const state = stateOf(group, index, visit, filter)
        state.seen += seen
        state.firstMs = Math.min(state.firstMs, group.firstMs)
        state.lastMs = Math.max(state.lastMs, group.lastMs)
        state.touchedMs = nowMs
        unit.changes.set(visitKey(filter.id, visit), shardState.visitChange(state))
        unit.progressBytes += VISIT_BYTES + ID_BYTES * state.delivered.length
      })
    }
    for (const { id, ahead } of filters)
      if (ahead.size > 0 && catchUp(ahead, record.positions)) unit.changes.set(...shardState.filterChange(id))
    unit.changes.set(...shardState.laneChange(lane))
    units.push(unit)
    unit = emptyUnit()
    groups = new Map()
  }

  /**
   * Ends the unit inside a row that passes very many filters. Those that are done with the row are ahead of the lane, which still stands before it, until
   * the rest of the row is committed; a worker that restores in between gives the row only to the others. Gives the group of the rest.
   */
  const closeInside = (
    entry: Entry,
    atMs: number,
    group: Group,
    skipping: readonly number[],
    done: readonly number[],
  ): Group => {
    const isOut = new Set([...skipping, ...done])
    for (const index of filters.keys()) if (!isOut.has(index)) group.skipped[index] = (group.skipped[index] ?? 0) + 1
    for (const index of done) {
      const filter = filters[index]
      if (filter === undefined) continue
      filter.ahead.set(entry.partition, after(entry.offset))
      unit.changes.set(...shardState.filterChange(filter.id))
    }
    close()
    const rest = groupOf(groups, entry, atMs)
    for (const index of isOut) rest.skipped[index] = 1
    return rest
  }

  const take = (entry: Entry, atMs: number): void => {
    const source: Source = { topic, partition: entry.partition, offset: entry.offset }
    if (entry.failure !== undefined) {
      if (!writesDeadLetters) return
      unit.deadLetters.push({ packet: Buffer.from(entry.packet), source, ...entry.failure })
      unit.bytes += entry.packet.length
      unit.heldBytes += entry.packet.length
    } else {
      let group = groupOf(groups, entry, atMs)
      const skipping = masked.filter(index => isNotFor(filters[index], entry, atMs))
      for (const index of skipping) group.skipped[index] = (group.skipped[index] ?? 0) + 1
      unit.rows++
      let packet: Buffer | undefined
      const done: number[] = []
      for (const event of events[entry.row] ?? []) {
        const index = event >> 1
        const filter = filters[index]
        const verdict = verdicts[index]
        if (filter === undefined || verdict === undefined || skipping.includes(index)) continue
        if (unit.bytes >= FULL_UNITS * unitBytes) {
          group = closeInside(entry, atMs, group, skipping, done)
          unit.heldBytes += packet?.length ?? 0
        }
        done.push(index)
        const state = stateOf(group, index, entry.visit, filter)
        if ((event & 1) === 1) {
          state.errors++
          continue
        }
        const outcome = decideCap(state, filter, verdict, entry, source)
        if (outcome.isStripped) stripped.set(index, (stripped.get(index) ?? 0) + 1)
        for (const alert of outcome.overCap) {
          let over = group.overCap[index]
          if (over === undefined) {
            over = group.overCap[index] = { filter: filter.id, visit: entry.visit, total: 0, added: 0, alerts: [] }
            unit.overCap.push(over)
          }
          over.total = state.overCap
          over.added++
          if (state.overCap <= OVER_CAP_IDS) over.alerts.push(alert)
        }
        if (outcome.held !== undefined) {
          shardState.hold(filter.id, entry.visit)
          unit.changes.set(...shardState.heldChange(filter.id, entry.visit, outcome.held))
          unit.progressBytes += HELD_BYTES + (outcome.held.annotations?.length ?? 0)
        }
        if (outcome.released !== undefined)
          for (const change of shardState.releaseChanges(filter.id, entry.visit, [outcome.released]))
            unit.changes.set(...change)
        if (!outcome.deliver) continue
        if (packet === undefined) {
          packet = Buffer.from(entry.packet)
          unit.heldBytes += packet.length
        }
        unit.deliveries.push({
          filter: filter.id,
          version: filter.version,
          visit: entry.visit,
          alert: entry.alert,
          position: state.delivered.length,
          ...extrasOf(verdict, entry.row),
          source,
          evaluatedMs: nowMs,
          packet,
        })
        unit.bytes += packet.length
      }
    }
  }

  for (const entry of entries) {
    const { atMs, time } = timeOf(record, entry)
    take(entry, atMs)
    advance(record, entry, time)
    if (unit.bytes + unit.progressBytes >= unitBytes) close()
  }
  if (units.length === 0 || unit.rows > 0 || groups.size > 0 || unit.deadLetters.length > 0) close()
  for (const [index, alerts] of stripped) {
    const { id, version, cap } = filters[index] ?? {}
    if (id === undefined || version === undefined || cap === undefined) continue
    const lines = [leftOut(alerts, cap)]
    units.at(-1)?.logs.push({ filter: id, version, lines, dropped: 0, at: new Date(nowMs).toISOString() })
  }
  return units
}

const timeOf = ({ newestMs, readMs, doubts }: LaneRecord, entry: Entry): ReturnType<typeof timePacket> => {
  const { partition } = entry
  const time = {
    newestMs: newestMs.get(partition) ?? 0,
    readMs: readMs?.get(partition),
    doubt: doubts?.get(partition),
  }
  return timePacket(time, entry)
}

const advance = (
  record: LaneRecord,
  { partition, offset }: Entry,
  { newestMs, doubt }: Omit<PartitionTime, 'readMs'>,
): void => {
  follow(record.positions, partition, offset)
  if (newestMs > 0) record.newestMs.set(partition, newestMs)
  if (doubt === undefined) record.doubts?.delete(partition)
  else (record.doubts ??= new Map()).set(partition, doubt)
}

function groupOf(groups: Map<bigint, Group>, { visit }: Entry, atMs: number): Group {
  let group = groups.get(visit)
  if (group === undefined)
    groups.set(visit, (group = { rows: 0, firstMs: atMs, lastMs: atMs, states: [], skipped: [], overCap: [] }))
  group.rows++
  group.firstMs = Math.min(group.firstMs, atMs)
  group.lastMs = Math.max(group.lastMs, atMs)
  return group
}
