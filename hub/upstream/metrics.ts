// The metrics of upstreams. Labels have few values: the name of an upstream, never an alert, a visit or a schema.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { type Portion } from './advance-progress.ts'

const COMMIT_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
const MS = 1000

export interface UpstreamMetrics {
  /** A portion is in the hub's topic, after a transaction of `seconds`. */
  committed: (upstream: string, portion: Portion, seconds: number) => void
  schemaTaken: (upstream: string) => void
  /** What is at the survey and not here; undefined while that is not known. */
  lag: (upstream: string, lag: { readonly alerts: number; readonly seconds: number } | undefined) => void
  /** Whether packets are taken now. */
  isCopying: (upstream: string, isCopying: boolean) => void
  /** It is no more. */
  forget: (upstream: string) => void
}

/** Declares the metrics. */
export const upstreamMetrics = (registry: Registry): UpstreamMetrics => {
  const registers = [registry]
  const labelNames = ['upstream'] as const
  const counter = (name: string, help: string) =>
    new Counter({ name: `skysieve_upstream_${name}`, help, labelNames, registers })
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `skysieve_upstream_${name}`, help, labelNames, registers })
  const packets = counter('packets_total', 'Packets of a survey that came into the hub’s alert topic.')
  const bytes = counter('bytes_total', 'Their bytes.')
  const letters = counter('dead_letters_total', 'Records of a survey that are no packet.')
  const gaps = counter('gap_offsets_total', 'Offsets that were gone at the survey before they were read.')
  const schemas = counter('schemas_total', 'Schemas of a survey that were put into the hub’s registry.')
  const lagAlerts = gauge('lag_alerts', 'Records at the survey that are not on the hub.')
  const lagSeconds = gauge('lag_seconds', 'Since when the oldest of them has been there.')
  const copying = gauge('copying', '1 while packets are taken as they come, else 0.')
  const behind = gauge('behind_seconds', 'Age of the newest packet of the last transaction when it was committed.')
  const commit = new Histogram({
    name: 'skysieve_upstream_commit_seconds',
    help: 'How long a transaction took.',
    buckets: COMMIT_BUCKETS,
    registers,
  })
  const all = [packets, bytes, letters, gaps, schemas, lagAlerts, lagSeconds, copying, behind]
  return {
    committed: (upstream, portion, seconds) => {
      packets.inc({ upstream }, portion.made.packets)
      bytes.inc({ upstream }, portion.made.bytes)
      letters.inc({ upstream }, portion.made.deadLetters)
      const lost = portion.gaps.reduce((sum, { from, to }) => sum + (to > from ? Number(to - from) : 0), 0)
      gaps.inc({ upstream }, lost)
      commit.observe(seconds)
      const newestMs = portion.packets.reduce((newest, { timestampMs }) => Math.max(newest, timestampMs), 0)
      if (newestMs > 0) behind.set({ upstream }, Math.max(0, Date.now() - newestMs) / MS)
    },
    schemaTaken: upstream => schemas.inc({ upstream }),
    lag: (upstream, lag) => {
      if (lag === undefined) return
      lagAlerts.set({ upstream }, lag.alerts)
      lagSeconds.set({ upstream }, lag.seconds)
    },
    isCopying: (upstream, isCopying) => copying.set({ upstream }, isCopying ? 1 : 0),
    forget: upstream => {
      for (const metric of all) metric.remove({ upstream })
    },
  }
}
