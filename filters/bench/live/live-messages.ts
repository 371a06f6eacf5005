// What a live run asks of its worker process, and what that answers, one question at a time.
import { type BenchWorkerOptions } from '../worker/bench-worker.ts'

export type LiveQuestion =
  | { readonly open: BenchWorkerOptions }
  /** Filters in Python are resumed or paused; answered when all follow the live lane, or none is left. */
  | { readonly python: boolean }
  | { readonly look: true }

/** Memory and what was done so far; CPU in seconds. */
export interface Look {
  readonly workerRssMb: number
  readonly workerCpu: number
  readonly hostsCpu: number
  readonly deliveries: number
  readonly pythonDeliveries: number
  /** Alerts that filters in Python are behind, all together. */
  readonly pythonLag: number
}
