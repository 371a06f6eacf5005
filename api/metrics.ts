// The API's own figures. Labels have few values: a route's pattern, never an id.
import { Gauge, Histogram, type Registry } from 'prom-client'

export interface HttpMetrics {
  readonly requestSeconds: Histogram<'route' | 'method' | 'status'>
}

export interface ApiMetrics extends HttpMetrics {
  readonly isLeader: Gauge
}

/** Declares the metrics in `registry`. */
export const apiMetrics = (registry: Registry): ApiMetrics => ({
  requestSeconds: new Histogram({
    name: 'skysieve_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  }),
  isLeader: new Gauge({
    name: 'skysieve_api_leader',
    help: '1 while this instance writes the control topics.',
    registers: [registry],
  }),
})
