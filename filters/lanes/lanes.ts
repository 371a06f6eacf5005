// The lanes of a shard: one live lane per stream, which shares its batches, and one for each filter that is elsewhere or must not hold it up.
import { type Stream } from '#hub'
import { type Feed, type HubClock, openPacketReader, type StartPosition } from '#mirrors'
import { columnUnion } from '../batch/column-union.ts'
import { assemble, openReading, type ReadingOptions } from '../batch/read-topic.ts'
import { CLOSING, type ClosingRule, doneMs, type PartitionClock, streamClock } from '../cap/visit-over.ts'
import { liveLane, ownLane } from '../progress/lane-transitions.ts'
import { covers, type Positions } from '../progress/positions.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { changesOnly } from '../publish/commit-unit.ts'
import { VisitCloser } from '../verdicts/visit-closer.ts'
import { Lane, type LaneContext } from './lane.ts'
import { OwnLane } from './own-lane.ts'
import { ReadSlots } from './read-slots.ts'
import { type RunningFilter } from './running-filter.ts'
import { SharedWindow, WINDOW_BYTES } from './shared-window.ts'

/** Bytes of packets that the live lane holds at most, beside what its followers hold. */
const LIVE_BYTES = 64 * 1024 * 1024
/** Lanes that read for themselves at the same time. */
const READERS = 4
/** For a clock that stands still while a node is cut off, and not only as long as a visit's end can wait. */
const HOWEVER_LATE: ClosingRule = { quietMs: 0, deadlineMs: Number.POSITIVE_INFINITY }

export interface LanesOptions {
  readonly reading: ReadingOptions
  readonly context: Omit<LaneContext, 'endVisits'>
  /** A filter's cap; undefined where its manifest is not known. */
  readonly capOf: (filter: string) => number | undefined
  /** Makes a filter's topic if it is missing, or says why it is not there. */
  readonly createTopic: (filter: string) => Promise<string | undefined>
  /** Counts of these filters changed outside a batch, e.g. because a visit ended. */
  readonly onCounted: (filters: Iterable<string>) => void
  /** When a visit of a `best` filter is over. */
  readonly closing?: ClosingRule
  /** By how much what comes from the hub may be late. */
  readonly hubClock?: Pick<HubClock, 'lateMs'>
  readonly signal: AbortSignal
  /** Identities of the streams' topics, by stream. */
  readonly topicIds: ReadonlyMap<string, string>
  /** Whether the live lanes of this shard write the mirror's dead letters. */
  readonly writesDeadLetters: boolean
  /** A filter's lane began to read or to follow. */
  readonly onMove: (filter: string) => void
  /** A lane ended by an error: what the shard has in memory is no longer sure. */
  readonly onFailure: (error: unknown) => void
}

interface LiveLane {
  readonly lane: Lane
  readonly feed: Feed
  readonly window: SharedWindow
  readonly stream: Stream
  readonly ended: Promise<void>
}

/** Where a filter's own lane begins, and how long it stays. */
export interface OwnStart {
  readonly stream: Stream
  readonly runner: RunningFilter
  readonly stays: boolean
}

export class Lanes {
  readonly #options: LanesOptions
  readonly #live = new Map<string, LiveLane>()
  /** By filter. */
  readonly #own = new Map<string, OwnLane>()
  /** Stopped lanes whose last evaluation may be under way. */
  readonly #ending = new Set<Promise<void>>()
  readonly #slots = new ReadSlots(READERS)
  readonly #context: LaneContext
  readonly #closer: VisitCloser

  constructor(options: LanesOptions) {
    this.#options = options
    const { context, reading, closing = CLOSING, capOf, createTopic, onCounted, signal, onFailure } = options
    const { shardState, committer } = context
    this.#context = { ...context, endVisits: (lane, runners) => this.#endVisits(lane, runners) }
    this.#closer = new VisitCloser({
      shardState,
      committer,
      rule: closing,
      capOf,
      createTopic,
      onCounted,
      openReader: topic => openPacketReader(reading.access, `${reading.clientId}.again`, topic),
      signal,
      onFailure,
    })
  }

  /** What keeps a filter's winners from being delivered, which is no fault of its own. */
  waitsFor(filter: string): string | undefined {
    return this.#closer.waitsFor(filter)
  }

  /** The lane of that name, if it is open. */
  get(name: string): Lane | undefined {
    return this.#live.get(name)?.lane ?? this.#byName(name)?.lane
  }

  #byName(lane: string): OwnLane | undefined {
    const prefix = ownLane('')
    return lane.startsWith(prefix) ? this.#own.get(lane.slice(prefix.length)) : undefined
  }

  /** Whether a filter has a lane of its own here, be it open or waiting for a slot. */
  hasOwn(filter: string): boolean {
    return this.#own.has(filter)
  }

  /** Whether a filter's own lane gets its batches from the live lane. */
  isFollowing(filter: string): boolean {
    return this.#own.get(filter)?.isFollowing === true
  }

  /** Every open lane with the ends of its topic as last seen. */
  *all(): Generator<{ readonly lane: Lane; readonly stream: Stream; readonly ends: Positions }> {
    for (const { lane, stream, feed } of this.#live.values()) yield { lane, stream, ends: feed.highWatermarks }
    for (const { lane, stream, feed } of this.#own.values())
      if (lane !== undefined) yield { lane, stream, ends: feed?.highWatermarks ?? this.ends(liveLane(stream.name)) }
  }

  /** The ends of a live lane's topic as last seen: what a filter that starts now has not to evaluate. */
  ends(name: string): Positions {
    return this.#live.get(name)?.feed.highWatermarks ?? new Map()
  }

  #feedOf(name: string): Feed | undefined {
    const own = this.#byName(name)
    return own === undefined
      ? this.#live.get(name)?.feed
      : (own.feed ?? this.#live.get(liveLane(own.stream.name))?.feed)
  }

  /** Offsets between a lane and the end of its topic. Transaction markers are counted only while alerts wait behind them. */
  lag(name: string): number {
    const feed = this.#feedOf(name)
    const lane = this.get(name)
    const positions = lane?.isIdle ? feed?.positions : this.#options.context.shardState.lanes.get(name)?.positions
    if (feed === undefined || positions === undefined) return 0
    let lag = 0n
    for (const [partition, end] of feed.highWatermarks) {
      const behind = end - (positions.get(partition) ?? end)
      if (behind > 0n) lag += behind
    }
    return Number(lag)
  }

  *#clocks(lane: Lane, closing = this.#options.closing ?? CLOSING): Generator<PartitionClock> {
    const feed = this.#feedOf(lane.name)
    if (feed === undefined) return
    const { context, hubClock } = this.#options
    const nowMs = Date.now()
    const lateMs = Math.max(feed.arrival.lateMs(nowMs), hubClock?.lateMs(nowMs) ?? 0)
    const record = context.shardState.lanes.get(lane.name)
    for (const [partition, handedOut] of feed.positions) {
      const readMs = feed.readBy(partition, lane.isIdle ? handedOut : (record?.positions.get(partition) ?? 0n))
      if (record !== undefined && readMs !== undefined) (record.readMs ??= new Map()).set(partition, readMs)
      yield {
        newestMs: Math.min(record?.newestMs.get(partition) ?? 0, nowMs),
        doneMs: readMs === undefined ? undefined : doneMs(readMs, lateMs, closing),
      }
    }
  }

  /**
   * Up to which moment, ms since 1970, everything that was on the hub is evaluated, however long this node was cut off: by the lane that a filter is in, or by its
   * stream's live lane where it is in none. Undefined while that lane is not open, or has not read.
   */
  evaluatedMs(filter: string, stream: string): number | undefined {
    const { lane = liveLane(stream) } = this.#options.context.shardState.filters.get(filter) ?? {}
    const open = this.get(lane)
    const clockMs = open && streamClock(this.#clocks(open, HOWEVER_LATE))
    return clockMs !== undefined && Number.isFinite(clockMs) ? clockMs : undefined
  }

  /** Whether a filter's own lane has evaluated everything that its live lane has. */
  hasCaughtUp(filter: string): boolean {
    const own = this.#own.get(filter)
    const live = own && this.#live.get(liveLane(own.stream.name))
    if (own?.lane === undefined || live === undefined) return false
    return covers(own.lane.positions, live.lane.positions)
  }

  /** Call it after each batch of an own lane. Once that lane stands where the live lane does, whatever waits for this (to join, to follow) may happen at once. */
  admitCaughtUp(lane: Lane): void {
    for (const { id, manifest } of lane.runners) {
      const own = this.#own.get(id)
      const live = this.#live.get(liveLane(manifest.stream))
      if (own?.lane !== lane || live === undefined) continue
      if ((live.window.expects(lane.name) || live.lane.expects(id)) && this.hasCaughtUp(id)) live.lane.poke()
      own.yieldSlot()
    }
  }

  #endVisits(lane: Lane, runners: Iterable<RunningFilter>): void {
    const filters = [...runners].map(({ id }) => id)
    this.#closer.end([...filters, ...this.#resting(lane)], streamClock(this.#clocks(lane)))
  }

  /** Whether a visit is open whose end is decided by this lane's clock. */
  hasVisitsToEnd(lane: Lane): boolean {
    const { shardState } = this.#context
    const isOpen = (filter: string): boolean => shardState.holding(filter).some(([, { closed }]) => !closed)
    return [...lane.runners].some(({ id }) => isOpen(id)) || this.#resting(lane).some(isOpen)
  }

  /** Notes how far the lanes have read, also those that have nothing to do. */
  noteTimes(): void {
    for (const { lane } of this.all()) streamClock(this.#clocks(lane))
  }

  /** Filters that rest now (paused, suspended, expired, moved away) and have begun visits of this stream: those end by the live lane's clock. None for an own lane. */
  #resting(lane: Lane): string[] {
    if (this.#live.get(lane.name)?.lane !== lane) return []
    const { shardState } = this.#context
    return shardState.holders.filter(filter => {
      const record = shardState.filters.get(filter)
      return record !== undefined && record.lane === undefined && holdsOf(shardState, filter, lane.topic)
    })
  }

  /** Delivers what a predecessor has left of visits that have ended. */
  deliver(): void {
    this.#closer.deliver()
  }

  /** Opens a stream's live lane at its position in the shard's state; a new one begins at the topic's end, which is committed before its first batch. */
  async openLive(stream: Stream, runners: readonly RunningFilter[]): Promise<void> {
    const { reading, context, signal, writesDeadLetters } = this.#options
    const { shardState, committer } = context
    const { topic } = stream
    const name = liveLane(stream.name)
    const from = shardState.lanes.get(name)?.positions ?? ('latest' as const)
    const request = { lane: name, stream, from, maxBytes: LIVE_BYTES + WINDOW_BYTES, signal }
    const feed = await openReading(reading, request)
    if (!shardState.lanes.has(name)) {
      const topicId = this.#options.topicIds.get(stream.name)
      const positions = new Map(feed.starts)
      shardState.lanes.set(name, { stream: stream.name, topicId, positions, schemas: [], newestMs: new Map() })
      await committer.commitNow([changesOnly(shardState.laneChange(name))])
    }
    const set = columnUnion(runners.map(({ program }) => program.reads))
    const window = new SharedWindow(assemble(reading, request, feed, set), set)
    const lane = new Lane({ name, topic, writesDeadLetters, doesYield: false, source: window, runners }, this.#context)
    const ended = lane.run().catch((error: unknown) => {
      if (!signal.aborted) this.#options.onFailure(error)
    })
    this.#live.set(name, { lane, feed, window, stream, ended })
  }

  /** Gives a filter a lane of its own that reads from its position in the shard's state, or from `from` where it has none. */
  read(start: OwnStart, from: StartPosition): void {
    this.#add(start)?.read(from)
  }

  /** Gives a filter a lane of its own that follows the live lane from its next boundary on; `enter` may change the filter's record there. */
  beside(start: OwnStart, enter: () => void): void {
    this.#add(start)?.beside(enter)
  }

  /** Another program takes the place of a filter in its own lane. */
  exchange(runner: RunningFilter, stays: boolean): void {
    this.#own.get(runner.id)?.exchange(runner, stays)
  }

  #add({ stream, runner, stays }: OwnStart): OwnLane | undefined {
    const { reading, onMove, onFailure } = this.#options
    const live = this.#live.get(liveLane(stream.name))
    if (live === undefined) return undefined
    const { id } = runner
    const name = ownLane(id)
    this.stop(id)
    const own = new OwnLane({
      name,
      stream,
      runner,
      stays,
      window: live.window,
      slots: this.#slots,
      reading,
      context: this.#context,
      hasCaughtUp: () => this.hasCaughtUp(id),
      onMove: () => {
        onMove(id)
        if (own.lane !== undefined) this.admitCaughtUp(own.lane)
      },
      onFailure,
    })
    this.#own.set(id, own)
    return own
  }

  /** Puts other programs in the place of the filters of the same ids, wherever they are. */
  swap(runners: readonly RunningFilter[], stays: (runner: RunningFilter) => boolean): void {
    for (const { lane } of this.#live.values()) lane.swap(runners)
    for (const runner of runners) this.exchange(runner, stays(runner))
  }

  /** A filter reads more columns from now on: should it wait to get where the live lane is, that one's batches have to carry them. */
  learned(lane: Lane, { manifest }: RunningFilter): void {
    const live = this.#live.get(liveLane(manifest.stream))
    if (live !== undefined && live.lane !== lane) live.lane.include()
  }

  /** Whether something still evaluates, or is about to evaluate, this version of a filter. */
  uses(runner: RunningFilter): boolean {
    return (
      [...this.#live.values()].some(({ lane }) => lane.has(runner)) || this.#own.get(runner.id)?.uses(runner) === true
    )
  }

  /** Stops a filter's own lane at once; its record in the shard's state is left as it is. */
  stop(filter: string): void {
    const own = this.#own.get(filter)
    if (own === undefined) return
    this.#own.delete(filter)
    own.stop()
    const ended = own.ended().finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
  }

  /** Stops all lanes at once. */
  stopAll(): void {
    for (const { lane } of this.#live.values()) lane.stop()
    for (const filter of this.#own.keys()) this.stop(filter)
  }

  /** Resolves when no lane evaluates any more. */
  async ended(): Promise<void> {
    await Promise.allSettled([...[...this.#live.values()].map(({ ended }) => ended), ...this.#ending])
    await this.#closer.close()
  }
}

/** Whether a filter's candidates are of this topic. */
const holdsOf = (shardState: ShardState, filter: string, topic: string): boolean =>
  shardState.holding(filter).some(([, { held }]) => held[0]?.source.topic === topic)
