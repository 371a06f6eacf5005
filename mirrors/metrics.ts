// The metrics of a mirror node. Declared once for each registry.
import { Gauge, type Registry } from 'prom-client'

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

export type MirrorMetrics = ReturnType<typeof mirrorMetrics>
