// The metrics of a mirror node. Declared once for each registry.
import { Gauge, type Registry } from 'prom-client'
import { type HubClock } from './lag/hub-clock.ts'
import { type MirrorLag } from './lag/lag-watch.ts'

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

/** How far the node's copy is behind its hub. A lag that is not known has no value, which is not 0. */
export function mirrorLag(registry: Registry, latest: () => Pick<MirrorLag, 'alerts' | 'seconds'> | undefined): void {
  const gauge = (unit: 'alerts' | 'seconds', help: string): Gauge =>
    new Gauge({
      name: `skysieve_mirror_lag_${unit}`,
      help,
      registers: [registry],
      collect() {
        const lag = latest()
        if (lag === undefined) this.remove()
        else this.set(lag[unit])
      },
    })
  gauge('alerts', 'Alerts on the hub that are not on this node; no value while that is not known.')
  gauge('seconds', 'Since when the oldest of them has been on the hub; no value while that is not known.')
}
