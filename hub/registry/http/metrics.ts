// What the registry counts. Labels have few values: a route's pattern, never a subject.
import { Gauge, Histogram, type Registry as Metrics } from 'prom-client'
import { type RegistryLog } from '../state/registry-log.ts'

export interface RegistryMetrics {
  readonly requestSeconds: Histogram<'route' | 'method' | 'status'>
}

/** Declares the metrics. */
export const registryMetrics = (metrics: Metrics, { state }: Pick<RegistryLog, 'state'>): RegistryMetrics => {
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name: `skysieve_registry_${name}`,
      help,
      registers: [metrics],
      collect() {
        try {
          this.set(read())
        } catch {
          // Nothing is known before the topic was read.
          this.remove()
        }
      },
    })
  gauge('subjects', 'Subjects with live schemas', () => state().subjects().length)
  gauge('last_schema_id', 'The highest schema id there ever was', () => state().lastId)
  return {
    requestSeconds: new Histogram({
      name: 'skysieve_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer.',
      labelNames: ['route', 'method', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers: [metrics],
    }),
  }
}
