// Every Prometheus metric of a worker. Labels have few values, never a visit, an alert or a user.
import { type Verdicts } from '#sandbox'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { type Entry } from './batch/lane-batch.ts'
import { type CommitUnit } from './publish/commit-unit.ts'

/** The engine's metrics, bound to a registry. */
export interface FilterMetrics {
  evaluated(filter: string, verdicts: Verdicts, rows: number): void
  failed(filter: string, reason: string): void
  suspended(filter: string, isSuspended: boolean): void
  batch(entries: readonly Entry[]): void
  committed(units: readonly CommitUnit[], seconds: number): void
  gap(topic: string, alerts: bigint): void
  /** Alerts that never reached this node; `alerts` is what it knows of in all. */
  mirrorGap(topic: string, alerts: bigint): void
  lag(lane: string, alerts: number): void
  forget(filter: string): void
}

const COMMIT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5]
const LATENCY_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60]

/** Declares the engine's metrics. */
export function filterMetrics(registry: Registry): FilterMetrics {
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
    new Counter({ name: `skysieve_${name}`, help, labelNames, registers })
  const evaluations = counter('filter_evaluations_total', 'Alerts by what a filter said.', ['filter', 'outcome'])
  const cpu = counter('filter_cpu_seconds_total', 'CPU time a filter used.', ['filter'])
  const deliveries = counter('deliveries_total', 'Packets written to the topic of a filter.', ['filter'])
  const packets = counter('feed_packets_total', 'Packets evaluated, or recorded as unreadable.', ['outcome'])
  const letters = counter('dead_letters_total', 'Packets that could not be read.', ['reason'])
  const gaps = counter('feed_gap_offsets_total', 'Offsets that were gone before they were read.', ['topic'])
  const mirrorGaps = new Gauge({
    name: 'skysieve_mirror_gap_offsets',
    help: 'Offsets of the hub that had left it before they were copied to this node, within a year.',
    labelNames: ['topic'],
    registers,
  })
  const suspended = new Gauge({
    name: 'skysieve_filter_suspended',
    help: '1 while a filter is suspended.',
    labelNames: ['filter'],
    registers,
  })
  const lag = new Gauge({
    name: 'skysieve_lane_lag_alerts',
    help: 'Offsets between a lane and the end of its topic.',
    labelNames: ['lane'],
    registers,
  })
  const commits = new Histogram({
    name: 'skysieve_commit_seconds',
    help: 'Duration of a transaction.',
    buckets: COMMIT_BUCKETS,
    registers,
  })
  const latency = new Histogram({
    name: 'skysieve_evaluation_delay_seconds',
    help: 'From the timestamp of a record to its verdicts, once per batch.',
    buckets: LATENCY_BUCKETS,
    registers,
  })
  return {
    evaluated: (filter, { passed, errored, cpuMs, failure }, rows) => {
      cpu.inc({ filter }, cpuMs / 1000)
      if (failure !== undefined) return
      const [pass, error] = [bitsIn(passed), bitsIn(errored)]
      if (pass > 0) evaluations.inc({ filter, outcome: 'pass' }, pass)
      if (error > 0) evaluations.inc({ filter, outcome: 'error' }, error)
      evaluations.inc({ filter, outcome: 'drop' }, rows - pass - error)
    },
    failed: (filter, reason) => evaluations.inc({ filter, outcome: OUTCOMES[reason] ?? reason }),
    suspended: (filter, isSuspended) => suspended.set({ filter }, isSuspended ? 1 : 0),
    batch: entries => {
      const failed = entries.filter(({ failure }) => failure !== undefined).length
      packets.inc({ outcome: 'evaluated' }, entries.length - failed)
      if (failed > 0) packets.inc({ outcome: 'unreadable' }, failed)
      const oldest = entries[0]?.timestampMs
      if (oldest !== undefined) latency.observe(Math.max(0, Date.now() - oldest) / 1000)
    },
    committed: (units, seconds) => {
      commits.observe(seconds)
      for (const unit of units) {
        for (const { filter } of unit.deliveries) deliveries.inc({ filter })
        for (const { reason } of unit.deadLetters) letters.inc({ reason })
        for (const { filter, added } of unit.overCap) evaluations.inc({ filter, outcome: 'over_cap' }, added)
      }
    },
    gap: (topic, alerts) => gaps.inc({ topic }, Number(alerts)),
    mirrorGap: (topic, alerts) => mirrorGaps.set({ topic }, Number(alerts)),
    lag: (lane, alerts) => lag.set({ lane }, alerts),
    forget: filter => {
      for (const metric of [cpu, deliveries, suspended]) metric.remove({ filter })
      for (const outcome of ['pass', 'drop', 'error', 'over_cap', 'timeout', 'oom'])
        evaluations.remove({ filter, outcome })
    },
  }
}

const OUTCOMES: Readonly<Record<string, string>> = { 'out-of-memory': 'oom' }

function bitsIn(words: Uint32Array): number {
  let count = 0
  for (const word of words) for (let bits = word; bits !== 0; bits &= bits - 1) count++
  return count
}
