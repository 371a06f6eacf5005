// The one interface of both runtimes, isolates in supervised host processes and containers. In come programs and batches, out come verdicts.
import { type Batch, type ColumnSet } from './columns/batch.ts'

/** Filters of different trust never share a host process. `quarantined` filters have one each. */
export type Trust = 'system' | 'known' | 'new' | 'quarantined'

export type Runtime = 'isolate' | 'container'

/** One version of a filter, ready to run. */
export interface Program {
  /** Unique among what is loaded. */
  readonly id: string
  readonly version: number
  readonly runtime: Runtime
  /** JavaScript module without imports and types (positions as in the author's file), or a Python module. */
  readonly source: string
  /** The author's name of the file, for messages. */
  readonly fileName: string
  /** The columns its mailbox carries: a first guess from its source and what it was found to reach since. */
  readonly reads: ColumnSet
  /** All fields its records have, `reads` among them: views know every name of these, also where the column is not carried. Absent: as `reads`. */
  readonly offers?: ColumnSet
  readonly trust: Trust
  /** Whose filter it is; those of one author may share a container where that is chosen. */
  readonly author?: string
  readonly limits: Limits
}

export interface Limits {
  /** Wall time of one batch in one filter. */
  readonly batchMs: number
  /** What an isolate may use beyond its mailbox, or a container beyond its interpreter and libraries. */
  readonly memoryMb: number
  /** Characters of log kept per batch. */
  readonly logChars: number
  /** Characters of JSON of one annotation. */
  readonly annotationChars: number
}

/** What an author is told; positions are those of the author's file, from 1. */
export interface AuthorError {
  readonly message: string
  readonly line?: number
  readonly column?: number
}

export type LoadOutcome =
  | { readonly ok: true; readonly description?: string }
  | { readonly ok: false; readonly reason: 'syntax' | 'no-filter' | FailureReason; readonly error: AuthorError }

/** Why a filter as a whole failed on a batch. The filter is unloaded; whether it gets another chance is the caller's rule. */
export type FailureReason = 'timeout' | 'out-of-memory' | 'crash' | 'protocol' | 'error'

export interface Failure {
  readonly reason: FailureReason
  readonly error: AuthorError
}

/** The verdicts of one filter on one batch. */
export interface Verdicts {
  readonly filter: string
  readonly version: number
  /** Bit r of word r >>> 5: row r passes. */
  readonly passed: Uint32Array
  /** Bit r: the filter threw on row r or returned something unusable; such a row does not pass. */
  readonly errored: Uint32Array
  /** Positive score of each row that passed with one, NaN elsewhere; absent when no row has one. */
  readonly scores?: Float64Array
  /** JSON of each row that passed with annotations. */
  readonly annotations?: ReadonlyMap<number, string>
  /** The first error of the batch and its row. */
  readonly firstError?: AuthorError & { readonly row: number }
  /** What it printed, a line each, within its limit. */
  readonly logs: readonly string[]
  /** How often it printed beyond that. */
  readonly logsDropped: number
  /** CPU time of the batch that it is charged, in milliseconds. */
  readonly cpuMs: number
  /** This filter takes so much processor time per record that it holds up those it is evaluated with, and will until it is unloaded. */
  readonly isSlow?: boolean
  /**
   * Columns of what its program `offers` that it reached in this batch and does not carry. The batch then has no verdict from it, and its other fields
   * but `cpuMs` are empty: load it again with these among what it `reads`, and evaluate the same records once more.
   */
  readonly wants?: ColumnSet
  /** Set when the batch has no verdict from this filter; the other fields are then empty. */
  readonly failure?: Failure
}

/** Loads programs and evaluates batches. Nothing a program does makes these promises reject; they reject only when the sandbox itself cannot run. */
export interface Sandbox {
  /** Throws SANDBOX_PROGRAM_INVALID, also when the id is loaded already, or SANDBOX_COLUMNS_INVALID: mistakes of the caller. */
  load(program: Program): Promise<LoadOutcome>
  /** Waits for the work under way that names it; does nothing when it is not loaded. */
  unload(filter: string): Promise<void>
  /**
   * Verdicts of the named filters (each loaded), in their order. The batch's memory may be reused when this has settled. Throws SANDBOX_FILTER_UNKNOWN or
   * SANDBOX_BATCH_INVALID for mistakes of the caller, SANDBOX_HOST_DYING where no host lives.
   */
  evaluate(batch: Batch, filters: readonly string[]): Promise<Verdicts[]>
  /** What the sandbox is made of and whether that was proved; shown on /readyz. */
  posture(): Promise<Posture>
  close(): Promise<void>
}

export interface Posture {
  readonly ok: boolean
  /** e.g. 'bubblewrap', 'container', 'unsafe'. */
  readonly kind: string
  /** One line for each difference from what is required, with what to do. */
  readonly differences: readonly string[]
}
