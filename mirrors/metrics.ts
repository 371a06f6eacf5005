// The metrics of a mirror node. Declared once for each registry.
import { Gauge, type Registry } from 'prom-client'
import { type HubClock } from './lag/hub-clock.ts'

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
