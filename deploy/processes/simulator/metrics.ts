// What the simulator counts.
import { Counter, Gauge, type Registry } from 'prom-client'
import { type PlayedVisit } from '#hub'

const MS = 1000

export interface SimulatorMetrics {
  played(visit: Pick<PlayedVisit, 'packets' | 'bytes' | 'lateMs'>): void
  refused(): void
}

export const simulatorMetrics = (register: Registry): SimulatorMetrics => {
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `skysieve_simulator_${name}`, help, registers: [register] })
  const visits = counter('visits_total', 'Visits played to their end')
  const packets = counter('packets_total', 'Packets the hub acknowledged, of visits played to their end')
  const bytes = counter('bytes_total', 'Their bytes')
  const refused = counter('refused_packets_total', 'Packets above 10 MB, which were not sent')
  const late = new Gauge({
    name: 'skysieve_simulator_late_seconds',
    help: 'How much later than planned the last packets of the last visit were acknowledged',
    registers: [register],
  })
  return {
    played: visit => {
      visits.inc()
      packets.inc(visit.packets)
      bytes.inc(visit.bytes)
      late.set(visit.lateMs / MS)
    },
    refused: () => refused.inc(),
  }
}
