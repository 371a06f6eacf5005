// A batch on its way through a lane: packets in the order of their partitions, and the columns of those that could be read.
import { type Batch, type ColumnSet } from '#sandbox'
import { type Came } from '../cap/visit-time.ts'

/** One packet. `row` is its row in the columns, -1 for a packet that could not be read. */
export interface Entry {
  readonly partition: number
  readonly offset: bigint
  /** The record's Kafka timestamp, ms since 1970. */
  readonly timestampMs: number
  /** Between which two moments it came to this node. */
  readonly came: Came
  /** Shares memory with a whole response: what is kept is copied. */
  readonly packet: Buffer
  readonly row: number
  readonly alert: bigint
  readonly visit: bigint
  /** Why it could not be read. */
  readonly failure?: { readonly reason: string; readonly message: string }
}

export interface LaneBatch {
  /** The columns it carries: a filter that reads others has to wait for a later batch. */
  readonly set: ColumnSet
  readonly entries: readonly Entry[]
  /** Undefined when no packet could be read, or there is none. */
  readonly columns: Batch | undefined
  /** Gives memory back: the packets' to the feed, the columns' to the builder. */
  release(): void
}

/** Where a lane gets its batches from: an assembler of its own, or the window of the live lane. */
export interface BatchSource {
  /** Whether no packet waits in it. */
  readonly isEmpty: boolean
  /** The next batch; undefined when there will be none. One call at a time. */
  next(): Promise<LaneBatch | undefined>
  /** Asks for batches with these columns, one of them at once, even if it is empty. */
  include(set: ColumnSet): void
  /** The next batch comes at once, even if it is empty. */
  poke(): void
}
