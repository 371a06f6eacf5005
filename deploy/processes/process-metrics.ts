// What every process of ours tells of itself: Node's own metrics, and which build it runs, which dashboards join the others with.
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import { softwareVersion } from '../version.ts'

/** How often the lag of the event loop is looked at. The default of 10 ms wakes a process that has nothing to do a hundred times a second. */
const EVENT_LOOP_MS = 100

/** Declares the metrics of Node and `skysieve_build_info`, which is always 1. */
export const processMetrics = (register: Registry): void => {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_MS })
  new Gauge({
    name: 'skysieve_build_info',
    help: 'Always 1; the labels say which build runs.',
    labelNames: ['version', 'node'],
    registers: [register],
  }).set({ version: softwareVersion(), node: process.version }, 1)
}
