// A batch on its way through a lane: packets in the order of their partitions, and the columns of those that could be read.
import { type Batch } from '#sandbox'

/** One packet. `row` is its row in the columns, -1 for a packet that could not be read. */
export interface Entry {
  readonly partition: number
  readonly offset: bigint
  /** The record's Kafka timestamp, ms since 1970. */
  readonly timestampMs: number
  /** Shares memory with a whole response: what is kept is copied. */
  readonly packet: Buffer
  readonly row: number
  readonly alert: bigint
  readonly visit: bigint
  /** Why it could not be read. */
  readonly failure?: { readonly reason: string; readonly message: string }
}

export interface LaneBatch {
  /** Filters that were included up to this number find their columns in it. */
  readonly epoch: number
  readonly entries: readonly Entry[]
  /** Undefined when no packet could be read, or there is none. */
  readonly columns: Batch | undefined
  /** Gives memory back: the packets' to the feed, the columns' to the builder. */
  release(): void
}
