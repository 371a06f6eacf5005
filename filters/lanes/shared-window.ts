// The live lane's batches in memory, read and decoded once, for the lanes beside it that follow. A lane that lags too far behind falls out (`#shed`), and reads the
// topic for itself until it has caught up (own-lane.ts).
import { carries, type ColumnSet, MAX_ROWS } from '#sandbox'
import { columnUnion } from '../batch/column-union.ts'
import { type BatchSource, type LaneBatch } from '../batch/lane-batch.ts'
import { countThatFit, mergeBatches } from '../batch/merge-batches.ts'

/** Bytes of packets in batches that the live lane is done with and followers are not. The live lane's feed has to hold that much more. */
export const WINDOW_BYTES = 64 * 1024 * 1024
/** How many such batches there may be: each also keeps the memory of its columns. */
const WINDOW_BATCHES = 64

/** Lanes that gather batches, all together, take one in this time at most: however many there are, they leave the processor to the live lane. */
const GATHERED_EVERY_MS = 25
/** Multiples of the golden section, modulo 1, are spread evenly however many there are: each follower gets the next one as its phase. */
const GOLDEN = 0.618_034

/** A lane that wants to follow. */
export interface Arrival {
  readonly reads: () => ColumnSet
  /** How long its batches are gathered into one, or longer where many lanes gather; 0 gives them one by one. */
  readonly gatherMs: () => number
  /** Whether it can follow from the live lane's present position on. */
  readonly isReady: () => boolean
  /** Called at that position, before the next batch is handed out. */
  readonly enter: (follower: Follower) => void
}

export interface WindowLimits {
  readonly bytes: number
  readonly batches: number
}

/** The live lane's source, and that of the lanes that follow it by name. */
export class SharedWindow implements BatchSource {
  readonly #source: BatchSource
  readonly #limits: WindowLimits
  readonly #arrivals = new Map<string, Arrival>()
  readonly #followers = new Map<string, Follower>()
  #live: ColumnSet
  #entered = 0
  /** Bytes and number of the batches that the live lane is done with and followers are not. */
  #retainedBytes = 0
  #retained = 0

  /** `live` is what the source carries from its first batch on. */
  constructor(source: BatchSource, live: ColumnSet, limits = { bytes: WINDOW_BYTES, batches: WINDOW_BATCHES }) {
    this.#source = source
    this.#live = live
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#source.isEmpty
  }

  /** Called by the live lane, which has then evaluated everything before: lanes that are ready begin to follow here. */
  async next(): Promise<LaneBatch | undefined> {
    const batch = await this.#source.next()
    if (batch === undefined) {
      for (const follower of this.#followers.values()) follower.end()
      return undefined
    }
    for (const [name, arrival] of this.#arrivals) {
      if (!carries(batch.set, arrival.reads()) || !arrival.isReady()) continue
      this.#arrivals.delete(name)
      const phase = (this.#entered++ * GOLDEN) % 1
      const follower = new Follower(this, arrival.reads(), { ms: arrival.gatherMs(), phase })
      this.#followers.set(name, follower)
      arrival.enter(follower)
    }
    return this.#share(batch)
  }

  include(set: ColumnSet): void {
    this.#live = set
    this.ask()
  }

  poke(): void {
    this.#source.poke()
  }

  /** Whether so much is held that lanes should not gather any longer, or they will fall out. */
  get isTight(): boolean {
    return this.#retainedBytes > this.#limits.bytes / 2 || this.#retained > this.#limits.batches / 2
  }

  /** How long batches are gathered at least. */
  get gatherMs(): number {
    return [...this.#followers.values()].filter(({ gathers }) => gathers).length * GATHERED_EVERY_MS
  }

  /** Asks for the columns of the live lane, of those that follow and of those that want to. */
  ask(): void {
    const beside = [...this.#arrivals.values()].map(({ reads }) => reads())
    const followers = [...this.#followers.values()].map(({ set }) => set)
    this.#source.include(columnUnion([this.#live, ...followers, ...beside]))
  }

  /** Lets a lane follow as soon as it is ready and batches carry its columns. */
  expect(name: string, arrival: Arrival): void {
    this.#arrivals.set(name, arrival)
    this.ask()
  }

  /** Whether a lane of that name waits to follow. */
  expects(name: string): boolean {
    return this.#arrivals.has(name)
  }

  /** Forgets a lane that follows or wants to. */
  forget(name: string): void {
    this.#arrivals.delete(name)
    this.#followers.get(name)?.end()
    this.#followers.delete(name)
  }

  #share(batch: LaneBatch): LaneBatch {
    const bytes = batch.entries.reduce((sum, { packet }) => sum + packet.length, 0)
    let holders = 1 + this.#followers.size
    let isLive = true
    const release = (): void => {
      if (--holders > 0) return
      if (!isLive) this.#retain(-bytes, -1)
      batch.release()
    }
    for (const follower of this.#followers.values()) follower.push({ ...batch, release: once(release) })
    const releaseLive = once(() => {
      if (holders > 1) {
        isLive = false
        this.#retain(bytes, 1)
      }
      release()
      this.#shed()
    })
    return { ...batch, release: releaseLive }
  }

  #retain(bytes: number, batches: number): void {
    this.#retainedBytes += bytes
    this.#retained += batches
  }

  /** Lets those with the longest queues fall out until what is held fits. */
  #shed(): void {
    while (this.#retainedBytes > this.#limits.bytes || this.#retained > this.#limits.batches) {
      const slowest = [...this.#followers].toSorted(([, a], [, b]) => b.waiting - a.waiting)[0]
      // What is being evaluated cannot be taken back.
      if (slowest === undefined || slowest[1].waiting === 0) return
      this.#followers.delete(slowest[0])
      slowest[1].end()
    }
  }
}

/** The source of a lane that follows. It ends when the lane fell out, was forgotten, or the live lane ended. */
export class Follower implements BatchSource {
  readonly #window: SharedWindow
  readonly #gather: { readonly ms: number; readonly phase: number }
  readonly #queue: LaneBatch[] = []
  #asked: PromiseWithResolvers<LaneBatch | undefined> | undefined
  #timer: NodeJS.Timeout | undefined
  /** When the oldest batch of the queue came. */
  #sinceMs = 0
  #hasEnded = false
  set: ColumnSet

  /** `phase` (0 to 1) is when it takes them within the time that batches are gathered: lanes that all did so together would stop the live lane meanwhile. */
  constructor(window: SharedWindow, set: ColumnSet, gather: { readonly ms: number; readonly phase: number }) {
    this.#window = window
    this.#gather = gather
    this.set = set
  }

  /** A lane that fell out has lost what waited for it: it has to read that for itself, and is not done with anything until then. */
  get isEmpty(): boolean {
    return !this.#hasEnded && this.#queue.length === 0 && this.#window.isEmpty
  }

  /** Batches that wait for it. */
  get waiting(): number {
    return this.#queue.length
  }

  get gathers(): boolean {
    return this.#gather.ms > 0
  }

  next(): Promise<LaneBatch | undefined> {
    this.#asked = Promise.withResolvers()
    const { promise } = this.#asked
    this.#offer()
    return promise
  }

  include(set: ColumnSet): void {
    this.set = set
    this.#window.ask()
  }

  poke(): void {
    this.#window.poke()
  }

  push(batch: LaneBatch): void {
    if (this.#hasEnded) return batch.release()
    if (this.#queue.length === 0) this.#sinceMs = performance.now()
    this.#queue.push(batch)
    this.#offer()
  }

  end(): void {
    this.#hasEnded = true
    for (const batch of this.#queue.splice(0)) batch.release()
    this.#offer()
  }

  #offer(): void {
    const asked = this.#asked
    if (asked === undefined || (this.#queue.length === 0 && !this.#hasEnded)) return
    clearTimeout(this.#timer)
    const waitMs = this.#isDue || !this.gathers ? 0 : this.#dueMs - performance.now()
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#offer(), waitMs)
      return
    }
    this.#asked = undefined
    asked.resolve(this.#take())
  }

  /** When it takes them first after the oldest batch of the queue came. */
  get #dueMs(): number {
    const { ms, phase } = this.#gather
    const everyMs = Math.max(ms, this.#window.gatherMs)
    return (Math.floor(this.#sinceMs / everyMs - phase) + 1 + phase) * everyMs
  }

  /** A boundary was asked for, a batch is full, or memory is short. */
  get #isDue(): boolean {
    const rows = this.#queue.reduce((sum, { columns }) => sum + (columns?.rows ?? 0), 0)
    return (
      this.#hasEnded ||
      rows >= MAX_ROWS ||
      this.#window.isTight ||
      this.#queue.some(({ entries }) => entries.length === 0)
    )
  }

  #take(): LaneBatch | undefined {
    const [first] = this.#queue
    if (first === undefined || !this.gathers) return this.#queue.shift()
    const count = countThatFit(this.#queue)
    const canMerge = this.#queue.slice(0, count).every(({ set }) => carries(set, this.set))
    const taken = this.#queue.splice(0, canMerge ? count : 1)
    this.#sinceMs = performance.now()
    return canMerge ? mergeBatches(taken, this.set) : first
  }
}

const once = (action: () => void): (() => void) => {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    action()
  }
}
