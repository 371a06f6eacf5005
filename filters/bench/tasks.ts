// What the engine bench asks of its child processes, and what they answer.
import { type BrokerAccess } from '#hub'
import { type BenchFilter } from './bench-filters.ts'

export interface Task {
  readonly access: BrokerAccess
  readonly brokerPid: number
  /** Of the stream; its lane and its filters are in the progress topic. */
  readonly stream: string
  readonly topic: string
  /** By registry id, as JSON. */
  readonly schemas: Readonly<Record<number, string>>
  readonly filters: readonly BenchFilter[]
  /** All run by this worker, each reading the topic for its share of the filters. */
  readonly shards: number
  readonly alerts: number
  readonly jit: boolean
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
