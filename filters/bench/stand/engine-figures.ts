// The figures of one stored topic: ours with and without filters, and the published way on the same packets.
import { type Stand, type Stored } from './stand.ts'

export interface EngineFiguresOptions {
  readonly filters: number
  readonly alerts: number
  readonly policy: 'first' | 'best'
  /** An interpreter with confluent-kafka and fastavro. */
  readonly python?: string
}

/**
 * Rates are alerts/s on the whole machine; `…PerCore` those of one CPU second, of the published way divided by the number of filters. Of the CPU, `decode` is
 * what a worker without filters takes beyond fetching, `publish` what one with filters takes beyond that: packing columns, cap and transactions.
 */
export type EngineFigures = Readonly<Record<string, unknown>>

/** Alerts that the published way works through: one filter of it, scaled to all. */
const PUBLISHED_ALERTS = 2000
const US = 1e6

export async function engineFigures(
  stand: Stand,
  stored: Stored,
  options: EngineFiguresOptions,
): Promise<EngineFigures> {
  const { filters, alerts, policy, python } = options
  const published = Math.min(alerts, PUBLISHED_ALERTS)
  const inNode = await stand.published(stored, published)
  const inPython = python === undefined ? undefined : await stand.publishedInPython(stored, published, python)
  const fetch = await stand.fetch(stored, alerts)
  const jitless = await stand.run(stored, { filters, alerts, policy, jit: false })
  const jit = await stand.run(stored, { filters, alerts, policy, jit: true })
  const none = await stand.run(stored, { filters: 0, alerts, jit: false })
  const { worker, hosts, broker } = jitless.cpuUsPerAlert
  const perCore = US / (worker + hosts)
  const ratio = (perCpuSecond: number | undefined): number | undefined =>
    perCpuSecond === undefined ? undefined : Math.round(perCore / (perCpuSecond / filters))
  return {
    packetBytesMedian: stored.packetBytesMedian,
    alertsPerSecond: jitless.alertsPerSecond,
    alertsPerSecondJit: jit.alertsPerSecond,
    alertsPerSecondNoFilters: none.alertsPerSecond,
    alertsPerSecondPerCore: Math.round(perCore),
    publishedWayNodePerCore: inNode / filters,
    publishedWayPythonPerCore: inPython === undefined ? undefined : inPython / filters,
    ratioPerCore: { node: ratio(inNode), python: ratio(inPython) },
    cpuMsPerAlert: {
      broker: broker / 1000,
      fetch: fetch / 1000,
      decode: Math.max(0, none.cpuUsPerAlert.worker - fetch) / 1000,
      evaluate: hosts / 1000,
      publish: Math.max(0, worker - none.cpuUsPerAlert.worker) / 1000,
    },
    workerRssMb: jitless.workerRssMb,
    hostsRssMb: jitless.hostsRssMb,
    deliveries: jitless.deliveries,
    commits: jitless.commits,
    commitMeanMs: jitless.commitMeanMs,
    jit: { cpuUsPerAlert: jit.cpuUsPerAlert, workerRssMb: jit.workerRssMb, hostsRssMb: jit.hostsRssMb },
  }
}
