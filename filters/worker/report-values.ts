// What a shard reports in skysieve.status, as JSON: of each of its filters, and of itself with the machine it runs on. Pure; status-reporter.ts sends it.
import { type MachineLook, type MirrorLag } from '#mirrors'
import { type Visit } from '../cap/visit.ts'
import { type RunningFilter } from '../lanes/running-filter.ts'
import { type Manifest } from '../manifest.ts'
import { type Wait } from '../membership/filter-loader.ts'
import { liveLane } from '../progress/lane-transitions.ts'
import { type Cut, type FilterRecord } from '../progress/records.ts'
import { isSuspended } from '../progress/strikes-and-suspension.ts'

/** The machine a worker runs on, and what runs on it. */
export interface MachineReport extends MachineLook {
  /** Of a node of three machines: which of them. */
  readonly number?: number
  /** By how much its clock is ahead of the hub's, where that is known. */
  readonly clockMs?: number
  /** Of Skysieve. */
  readonly version: string
  readonly languages: readonly string[]
}

/** What is known of one filter here. */
export interface FilterFacts {
  readonly filter: string
  readonly mirror: string
  readonly shard: number
  readonly manifest: Manifest | undefined
  readonly record: FilterRecord | undefined
  readonly runner: Pick<RunningFilter, 'lastError'> | undefined
  readonly wait: Wait | undefined
  /** Where it was let go, once that is committed. */
  readonly cut: Cut | undefined
  /** Whether a lane of its own follows the live lane. */
  readonly isFollowing: boolean
  readonly visits: readonly (readonly [visit: bigint, state: Visit])[]
  readonly nowMs: number
}

/** A filter's report. */
export function filterReport(facts: FilterFacts): string {
  const { filter, mirror, shard, manifest, record, runner, wait, cut, visits, nowMs } = facts
  const { reason, message, line, column } = record?.suspension ?? {}
  const hasFailed = wait?.isLate === true && runner === undefined
  return JSON.stringify({
    filter,
    mirror,
    shard,
    state: hasFailed ? 'failed' : stateOf(manifest, record, facts.isFollowing),
    version: record?.version ?? manifest?.active,
    generation: record?.generation ?? manifest?.generation,
    reason: message === undefined ? (hasFailed ? wait.message : undefined) : `${reason}: ${message}`,
    line,
    column,
    lastError: runner?.lastError,
    waitsFor: wait?.message,
    lane: record?.lane ?? null,
    visits: visits.map(([visit, { seen, passed, delivered, overCap, errors, firstMs, touchedMs }]) => ({
      visit: String(visit),
      seen,
      passed,
      delivered: delivered.length,
      overCap,
      errors,
      firstMs,
      touchedMs,
    })),
    cpuMs: Math.round(record?.cpuMs ?? 0),
    cpuAlerts: record?.cpuAlerts ?? 0,
    cut: cut?.at === manifest?.moving?.at ? cut && { ...cut, visits: cut.visits.map(String) } : undefined,
    updatedAt: new Date(nowMs).toISOString(),
  })
}

/** The others come when these are told no more. */
const MAX_OVER = 200

/** What is known of one shard. */
export interface ShardFacts {
  readonly mirror: string
  readonly shard: number
  /** How many the mirror has. */
  readonly shards: number
  /** How many run in it. */
  readonly filters: number
  readonly lagAlerts: number
  readonly gaps: readonly Record<string, unknown>[]
  /** Filters that have gone to another mirror and whose visits are over here, each with the move it went by. */
  readonly over: readonly { readonly filter: string; readonly at: string }[]
  readonly machine: MachineReport | undefined
  readonly mirrorLag: Pick<MirrorLag, 'alerts' | 'seconds'> | undefined
  readonly nowMs: number
}

/** A shard's report. */
export function shardReport({ over, mirrorLag, machine, nowMs, ...shard }: ShardFacts): string {
  return JSON.stringify({
    ...shard,
    over: over.length === 0 ? undefined : over.slice(0, MAX_OVER),
    machine,
    mirrorLag: mirrorLag && { alerts: mirrorLag.alerts, seconds: Math.round(mirrorLag.seconds) },
    updatedAt: new Date(nowMs).toISOString(),
  })
}

function stateOf(manifest: Manifest | undefined, record: FilterRecord | undefined, isFollowing: boolean): string {
  if (manifest?.state === 'paused') return 'paused'
  if (isSuspended(record?.suspension, manifest?.generation ?? 0)) return 'suspended'
  if (record?.lane === undefined) return 'catching-up'
  if (isFollowing) return 'live'
  return manifest !== undefined && record.lane === liveLane(manifest.stream) ? 'live' : 'catching-up'
}
