// The metrics of a mirror node. Declared once for each registry.
import { Gauge, type Registry } from 'prom-client'
import { type HubClock } from './lag/hub-clock.ts'

/** What a node reports about itself. `stage`: `hub` is hub to node, `feed` is the node's topic to the worker's verdicts. */
export const mirrorMetrics = (registry: Registry) => ({
  lagAlerts: new Gauge({
    name: 'skysieve_mirror_lag_alerts',
    help: 'Alerts that are not there yet: on the hub and not on the node (stage hub), or on the node and not read (stage feed).',
    labelNames: ['node', 'stage'] as const,
    registers: [registry],
  }),
  lagSeconds: new Gauge({
    name: 'skysieve_mirror_lag_seconds',
    help: 'How long the oldest alert that is not there yet has been waiting.',
    labelNames: ['node', 'stage'] as const,
    registers: [registry],
  }),
})

/** By how much what comes from the hub may be late: about a second while the node hears of its hub. */
export const hubLateness = (registry: Registry, clock: Pick<HubClock, 'lateMs'>): Gauge =>
  new Gauge({
    name: 'skysieve_hub_late_seconds',
    help: 'By how much what comes from the hub may be late: how long its clock has been silent, or was in the last 15 s. 0 where it never came.',
    registers: [registry],
    collect() {
      this.set(clock.lateMs(Date.now()) / 1000)
    },
  })

export type MirrorMetrics = ReturnType<typeof mirrorMetrics>
