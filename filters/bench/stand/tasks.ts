// What the engine bench asks of its child processes, and what they answer.
import { type BrokerAccess } from '#hub'
import { type BenchWorkerOptions } from '../worker/bench-worker.ts'

export interface Task extends BenchWorkerOptions {
  readonly brokerPid: number
  readonly alerts: number
}

/** Times are CPU µs an alert. */
export interface Outcome {
  readonly alertsPerSecond: number
  readonly cpuUsPerAlert: { readonly worker: number; readonly hosts: number; readonly broker: number }
  readonly workerRssMb: number
  readonly hostsRssMb: number
  readonly deliveries: number
  readonly commits: number
  readonly commitMeanMs: number
}

export interface FetchTask {
  readonly access: BrokerAccess
  readonly topic: string
  readonly alerts: number
}

export interface PublishedTask {
  readonly access: BrokerAccess
  readonly topic: string
  readonly alerts: number
  /** By registry id, as JSON. */
  readonly schemas: Readonly<Record<number, string>>
}
