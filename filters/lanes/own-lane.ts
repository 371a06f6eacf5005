// The lane of one filter: it reads the topic for itself until it stands where the live lane does, and may then follow that one's batches from memory.
import { type Stream } from '#hub'
import { type Feed, type StartPosition } from '#mirrors'
import { columnUnion } from '../batch/column-union.ts'
import { type BatchSource } from '../batch/lane-batch.ts'
import { assemble, openReading, type ReadingOptions } from '../batch/read-topic.ts'
import { standBeside } from '../progress/lane-transitions.ts'
import { changesOnly } from '../publish/commit-unit.ts'
import { Lane, type LaneContext } from './lane.ts'
import { type ReadSlot, type ReadSlots } from './read-slots.ts'
import { type RunningFilter } from './running-filter.ts'
import { type Follower, type SharedWindow } from './shared-window.ts'

/** Bytes of packets that a lane which reads for itself holds at most. */
const OWN_BYTES = 16 * 1024 * 1024

/** How long batches for a container are gathered: asking one takes about a millisecond of processor time, however few alerts there are. */
const GATHER_MS = 250

export interface OwnLaneOptions {
  readonly name: string
  readonly stream: Stream
  readonly runner: RunningFilter
  /** Whether it follows once it keeps up; otherwise it reads on until the filter has joined the live lane. */
  readonly stays: boolean
  readonly window: SharedWindow
  readonly slots: ReadSlots
  readonly reading: ReadingOptions
  readonly context: LaneContext
  /** Whether it has evaluated everything that the live lane has. */
  readonly hasCaughtUp: () => boolean
  /** It began to read or to follow: its state is worth reporting, and somebody may have waited for it. */
  readonly onMove: () => void
  /** What the shard has in memory is no longer sure. */
  readonly onFailure: (error: unknown) => void
}

/** One filter's lane. */
export class OwnLane {
  readonly #options: OwnLaneOptions
  readonly #stop = new AbortController()
  #runner: RunningFilter
  /** While it changes over to following: the version of the filter whose columns the waiting batches carry. */
  #arrived: RunningFilter | undefined
  #stays: boolean
  #lane: Lane | undefined
  #feed: Feed | undefined
  #slot: ReadSlot | undefined
  #follower: Follower | undefined
  /** Ends the reading under way. */
  #reading: AbortController | undefined
  #ended: Promise<void> = Promise.resolve()

  constructor(options: OwnLaneOptions) {
    this.#options = options
    this.#runner = options.runner
    this.#stays = options.stays
  }

  get stream(): Stream {
    return this.#options.stream
  }

  /** Undefined while it waits for a slot to read. */
  get lane(): Lane | undefined {
    return this.#lane
  }

  /** The feed it reads from when it does not follow. */
  get feed(): Feed | undefined {
    return this.#feed
  }

  get isFollowing(): boolean {
    return this.#follower !== undefined
  }

  /** Goes on from its position in the shard's state; a lane that has none begins at `from`, which is committed before its first batch. */
  read(from: StartPosition): void {
    this.#ended = this.#run(from)
  }

  /** Begins beside the live lane at its next boundary; `enter` changes the shard's state there, right before. */
  beside(enter: () => void): void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stop.signal.addEventListener('abort', () => resolve(), { once: true })
    this.#expect(
      () => true,
      () => {
        enter()
        resolve()
      },
    )
    this.#ended = promise.then(() => this.#run('latest'))
  }

  /** Another program takes the filter's place, as soon as batches carry its columns. */
  exchange(runner: RunningFilter, stays: boolean): void {
    this.#runner = runner
    this.#stays = stays
    if (this.#lane !== undefined) this.#lane.swap([runner])
    else this.#follower?.include(columnUnion([this.#follower.set, runner.program.reads]))
    if (this.#feed === undefined) this.#options.window.ask()
    else this.#expectToFollow()
  }

  /** Whether it evaluates this version of the filter, or is about to. */
  uses(runner: RunningFilter): boolean {
    return this.#runner === runner || this.#arrived === runner || this.#lane?.has(runner) === true
  }

  /** Called after each batch: a lane whose slot others wait for gives it back. */
  yieldSlot(): void {
    if (this.#slot?.isOver !== true) return
    this.#lane?.stop()
    this.#lane = undefined
    this.#reading?.abort()
  }

  /** Stops at once: a batch that is being evaluated does not count. */
  stop(): void {
    this.#stop.abort()
    this.#lane?.stop()
    this.#options.window.forget(this.#options.name)
  }

  /** Resolves when nothing is evaluated any more. */
  ended(): Promise<void> {
    return this.#ended
  }

  async #run(from: StartPosition): Promise<void> {
    const { signal } = this.#stop
    const { onFailure } = this.#options
    try {
      while (!signal.aborted) {
        if (this.#follower === undefined) await this.#read(from)
        else await this.#follow(this.#follower)
      }
    } catch (error) {
      if (!signal.aborted) onFailure(error)
    }
  }

  async #read(from: StartPosition): Promise<void> {
    const { name, stream, slots, reading, context, onMove } = this.#options
    const { shardState, committer } = context
    this.#slot = await slots.acquire(this.#stop.signal)
    if (this.#slot === undefined) return
    if (this.#follower !== undefined) return this.#slot.release()
    const stop = new AbortController()
    this.#reading = stop
    try {
      const request = { lane: name, stream, maxBytes: OWN_BYTES, from: shardState.lanes.get(name)?.positions ?? from }
      const signal = AbortSignal.any([this.#stop.signal, stop.signal])
      const feed = await openReading(reading, { ...request, signal })
      if (this.#isElsewhere) return
      if (!shardState.lanes.has(name)) {
        const positions = new Map(feed.starts)
        shardState.lanes.set(name, { stream: stream.name, positions, schemas: [], newestMs: new Map() })
        await committer.commitNow([changesOnly(shardState.laneChange(name), shardState.filterChange(this.#runner.id))])
        if (this.#isElsewhere) return
      }
      this.#feed = feed
      const lane = this.#open(assemble(reading, request, feed, this.#runner.program.reads), this.#runner)
      this.#expectToFollow()
      onMove()
      await lane.run()
    } finally {
      stop.abort()
      this.#reading = undefined
      this.#feed = undefined
      this.#slot.release()
      this.#slot = undefined
    }
  }

  /** Whether it was stopped, or began to follow the live lane, while it got ready to read. */
  get #isElsewhere(): boolean {
    return this.#stop.signal.aborted || this.#follower !== undefined
  }

  async #follow(follower: Follower): Promise<void> {
    try {
      const lane = this.#open(follower, this.#arrived ?? this.#runner)
      this.#arrived = undefined
      this.#options.onMove()
      await lane.run()
    } finally {
      this.#follower = undefined
    }
  }

  #open(source: BatchSource, runner: RunningFilter): Lane {
    const { name, stream, context } = this.#options
    const { topic } = stream
    const lane = new Lane(
      { name, topic, writesDeadLetters: false, doesYield: true, source, runners: [runner] },
      context,
    )
    this.#lane = lane
    if (this.#runner !== runner) lane.swap([this.#runner])
    return lane
  }

  #expectToFollow(): void {
    const { name, window, hasCaughtUp } = this.#options
    if (this.#stays) this.#expect(hasCaughtUp, () => undefined)
    else window.forget(name)
  }

  #expect(isReady: () => boolean, enter: () => void): void {
    const { name, stream, window, context } = this.#options
    window.expect(name, {
      reads: () => this.#runner.program.reads,
      gatherMs: () => (this.#runner.program.runtime === 'container' ? GATHER_MS : 0),
      isReady,
      enter: follower => {
        // A batch that is being evaluated does not count; the new lane is opened when the old one has ended.
        this.#lane?.stop()
        this.#reading?.abort()
        this.#lane = undefined
        this.#arrived = this.#runner
        this.#follower = follower
        enter()
        context.committer.push([changesOnly(...standBeside(context.shardState, this.#runner.id, stream.name))])
      },
    })
  }
}
