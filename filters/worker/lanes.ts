// The lanes of a shard: each a feed, an assembler and a position. One live lane per stream; a filter that is elsewhere has a lane of its own.
import { type AvroSchema, type BrokerAccess, type Stream } from '#hub'
import { type Feed, type FeedGap, openFeed, openPacketReader, type PacketReader, type StartPosition } from '#mirrors'
import { CLOSING, type ClosingRule, type PartitionClock } from '../cap/closing.ts'
import { covers, type Positions } from '../progress/positions.ts'
import { liveLane } from '../progress/transitions.ts'
import { Assembler } from './assembler.ts'
import { columnUnion } from './column-union.ts'
import { type Piece } from '../publish/piece.ts'
import { changeOf, Lane, type LaneContext } from './lane.ts'
import { type Runner } from './runner.ts'
import { type SchemaBook } from './schema-book.ts'
import { VisitCloser } from './visit-closer.ts'

/** Bytes of packets that the live lane and an own lane hold at most. */
const LIVE_BYTES = 64 * 1024 * 1024
const OWN_BYTES = 16 * 1024 * 1024

export interface LanesOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  readonly book: SchemaBook
  readonly context: Omit<LaneContext, 'closeVisits'>
  /** When a visit of a `best` filter is over. */
  readonly closing?: ClosingRule
  readonly signal: AbortSignal
  readonly lingerMs?: number
  /** Whether the live lanes of this shard write the mirror's dead letters. */
  readonly writesDeadLetters: boolean
  readonly onSchema: (stream: Stream, id: number, schema: AvroSchema) => Promise<void>
  readonly onGap: (lane: string, topic: string, gap: FeedGap) => void
  /** A lane ended by an error: what the shard has in memory is no longer sure. */
  readonly onFailure: (error: unknown) => void
}

interface Open {
  readonly lane: Lane
  readonly feed: Feed
  readonly stream: Stream
  readonly stop: AbortController
  readonly ended: Promise<void>
  readonly packets: PacketReader
}

export class Lanes {
  readonly #options: LanesOptions
  readonly #open = new Map<string, Open>()

  constructor(options: LanesOptions) {
    this.#options = options
  }

  /** The lane of that name, if it is open. */
  get(name: string): Lane | undefined {
    return this.#open.get(name)?.lane
  }

  /** Every open lane with the ends of its topic as last seen. */
  *all(): Generator<{ readonly lane: Lane; readonly stream: Stream; readonly ends: Positions }> {
    for (const { lane, stream, feed } of this.#open.values()) yield { lane, stream, ends: feed.highWatermarks }
  }

  /** The ends of a lane's topic as last seen: what a filter that starts now has not to evaluate. */
  ends(name: string): Positions {
    return this.#open.get(name)?.feed.highWatermarks ?? new Map()
  }

  /** Offsets between a lane and the end of its topic. Transaction markers are counted only while alerts wait behind them. */
  lag(name: string): number {
    const open = this.#open.get(name)
    if (open === undefined) return 0
    const { lane, feed } = open
    const positions = lane.isIdle ? feed.positions : lane.positions
    let lag = 0n
    for (const [partition, end] of feed.highWatermarks) {
      const behind = end - (positions.get(partition) ?? end)
      if (behind > 0n) lag += behind
    }
    return Number(lag)
  }

  *#clocks(name: string): Generator<PartitionClock> {
    const open = this.#open.get(name)
    if (open === undefined) return
    const { lane, feed } = open
    const newestMs = this.#options.context.ledger.lanes.get(name)?.newestMs
    for (const [partition, position] of feed.positions)
      yield {
        newestMs: newestMs?.get(partition) ?? 0,
        atEnd: lane.isIdle && position >= (feed.highWatermarks.get(partition) ?? position + 1n),
      }
  }

  /** Whether `own` has evaluated everything that `live` has. */
  hasCaughtUp(own: string, live: string): boolean {
    const [a, b] = [this.get(own), this.get(live)]
    return a !== undefined && b !== undefined && covers(a.positions, b.positions)
  }

  /**
   * Opens a lane at its position in the ledger; a new one begins at `from`, which is committed before its first batch.
   * The filters are in it from its first packet on.
   */
  async open(name: string, stream: Stream, runners: readonly Runner[], from: StartPosition): Promise<Lane> {
    const { access, clientId, book, context, signal, lingerMs, onSchema, onGap, closing = CLOSING } = this.#options
    const { ledger, committer } = context
    const isLive = name === liveLane(stream.name)
    const stop = new AbortController()
    const feed = await openFeed({
      access,
      clientId: `${clientId}.${name}`,
      topic: stream.topic,
      from: ledger.lanes.get(name)?.positions ?? from,
      signal: AbortSignal.any([signal, stop.signal]),
      maxBytes: isLive ? LIVE_BYTES : OWN_BYTES,
    })
    if (!ledger.lanes.has(name)) {
      ledger.lanes.set(name, { stream: stream.name, positions: new Map(feed.starts), schemas: [], newestMs: new Map() })
      await committer.settle([changeOf(ledger.laneChange(name))])
    }
    const assembler = new Assembler(
      {
        stream,
        feed,
        schemaOf: book.schemaOf,
        onSchema: (id, schema) => onSchema(stream, id, schema),
        onGap: gap => onGap(name, stream.topic, gap),
        ...(lingerMs === undefined ? {} : { lingerMs }),
      },
      columnUnion(runners.map(({ program }) => program.reads)),
    )
    const writesDeadLetters = isLive && this.#options.writesDeadLetters
    const packets = openPacketReader(access, `${clientId}.${name}.again`, stream.topic)
    const closer = new VisitCloser({ ledger, reader: packets, rule: closing, signal })
    const lane = new Lane(
      { name, topic: stream.topic, writesDeadLetters, assembler, runners },
      {
        ...context,
        closeVisits: (self, members): AsyncIterable<Piece> =>
          closer.close(members, this.#clocks(name), one => self.has(one)),
      },
    )
    const ended = lane.run().catch((error: unknown) => {
      if (!signal.aborted && !stop.signal.aborted) this.#options.onFailure(error)
    })
    this.#open.set(name, { lane, feed, stream, stop, ended, packets })
    return lane
  }

  /** Stops a lane at once; its record in the ledger is left as it is. */
  stop(name: string): void {
    const open = this.#open.get(name)
    if (open === undefined) return
    this.#open.delete(name)
    open.lane.stop()
    open.stop.abort()
    void open.packets.close().catch(() => undefined)
  }

  /** Stops all lanes and waits until none evaluates any more. */
  async close(): Promise<void> {
    const ended = [...this.#open.values()].map(({ ended: end }) => end)
    for (const name of this.#open.keys()) this.stop(name)
    await Promise.allSettled(ended)
  }
}
