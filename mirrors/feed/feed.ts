// In: a topic of the node's broker and where to begin. Out: batches of packets without holes, and gaps with their offsets. These are the types that the engine
// programs against; `open-feed.ts` implements them.
import { type BrokerAccess } from '#hub'
import { type Received } from './received-times.ts'

/**
 * Where a partition is begun: at an exact offset, at its first record, after its last one, or at the first record whose timestamp is not older.
 * Whatever is asked, `Feed.starts` has the exact offsets.
 */
export type StartPosition = bigint | 'earliest' | 'latest' | { readonly timestampMs: number }

/** What `openFeed` needs to know. */
export interface FeedOptions {
  /** The node's broker and the user that may read `topic`. */
  readonly access: BrokerAccess
  readonly topic: string
  /** Shown in the broker's logs and quotas. */
  readonly clientId: string
  /** One position for all partitions, or one for each; a partition that the map lacks begins at `otherwise`. */
  readonly from: StartPosition | ReadonlyMap<number, StartPosition>
  /** Default `earliest`: a partition nobody has a position of is new. */
  readonly otherwise?: StartPosition
  /** Ends the iteration (without an error) and frees everything. */
  readonly signal: AbortSignal
  /** Bytes of packets that are queued or handed out and not released. Default 64 MiB. One batch is always let through. */
  readonly maxBytes?: number
  /** Bytes fetched of one partition at a time. Default 4 MiB, which is the fastest for packets of 110 KB. */
  readonly maxBytesPerPartition?: number
  /** How long the broker may wait for `minBytes` before it answers. Default 100 ms. */
  readonly maxWaitMs?: number
  /** Default 1: answer as soon as there is a record. */
  readonly minBytes?: number
}

/** A record of the alert topic, as received. */
export interface FeedPacket {
  readonly offset: bigint
  /** When the producer of the survey (or the simulator) says it made it, ms since 1970: may be old, ahead, or -1. */
  readonly timestampMs: number
  /** Surveys do not key their packets. */
  readonly key: Buffer | null
  /** Empty for a record without a value. Shares memory with the whole response: copy what is kept for long. */
  readonly value: Buffer
  /** Empty for the usual packet without headers; a name that occurs twice has an array. As the hub's `Message` takes them. */
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[]>>
}

/**
 * Records of one partition that follow each other without a hole: `firstOffset` is where the last batch (or gap) of this partition ended.
 * `packets` may be empty: control records (transaction markers) and records of aborted transactions take offsets and are not handed out.
 */
export interface FeedBatch {
  readonly kind: 'batch'
  readonly partition: number
  readonly firstOffset: bigint
  /** The position after this batch: the last offset fetched, counting control and aborted records, plus one. */
  readonly nextOffset: bigint
  /** The partition's end when it was fetched (counts control records too). */
  readonly highWatermark: bigint
  readonly packets: readonly FeedPacket[]
  /** Sum of the packets' bytes; what `release` gives back. */
  readonly bytes: number
  /** Gives this batch's bytes back to the feed, which reads on. Call it once the packets are done with; calling it again does nothing. */
  release(): void
}

/** Offsets that no longer exist: retention or a deletion overtook the reader. The next batch of the partition begins at `to`. */
export interface FeedGap {
  readonly kind: 'gap'
  readonly partition: number
  readonly from: bigint
  /** Exclusive. */
  readonly to: bigint
}

export type FeedItem = FeedBatch | FeedGap

/** An open feed. Iterate it once; leaving the loop closes it. */
export interface Feed extends AsyncIterable<FeedItem> {
  readonly topic: string
  /** The exact offset at which each partition began. A partition added later begins at 0 and is not in here. */
  readonly starts: ReadonlyMap<number, bigint>
  /** What was handed out last of each partition: the position after it. */
  readonly positions: ReadonlyMap<number, bigint>
  /** The end of each partition as last seen. */
  readonly highWatermarks: ReadonlyMap<number, bigint>
  /** When a packet of a partition that was handed out became part of the log, as far as this feed has seen its end move. */
  received(partition: number, offset: bigint): Received
  /** The latest moment, ms since 1970, by which all that could be read of a partition lies before `position`; undefined while none is known. */
  readBy(partition: number, position: bigint): number | undefined
  /** How late packets came lately, ms: when they were fetched, less their timestamps, at the most in 15 s. 0 where none came in that time. */
  readonly arrival: { lateMs(nowMs: number): number }
  /**
   * Goes on at another offset of a partition, backwards or forwards. No item from before the call is handed out after it.
   * @throws MirrorError MIRROR_FEED_TOPIC for a partition the topic lacks.
   */
  seek(partition: number, offset: bigint): void
  /** Stops reading; a running iteration ends. */
  close(): Promise<void>
}
