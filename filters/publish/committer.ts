// The end of an alert's way. In: commit units of all lanes of a shard. Out: one Kafka transaction at a time, with deliveries, cap counters and positions together.
// Which units go next: transaction-plan.ts; their messages: messages.ts. A commit that failed, or whose fate is unknown, leaves memory wrong: the shard is restored.
import { type Producer } from '#hub'
import { FilterError } from '../errors.ts'
import { type CommitUnit } from './commit-unit.ts'
import { messagesOf } from './messages.ts'
import { EARLY_COMMIT_BYTES, nextUnits } from './transaction-plan.ts'
import { fencedError } from './zombie-fencing.ts'

const INTERVAL_MS = 200
/** While deliveries wait: a transaction costs some milliseconds of CPU, a delivery that waits half of this in the mean. */
const DELIVERY_INTERVAL_MS = 100
/** Packets that wait in memory at most; a lane holds its next batch back until there is room. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

export interface Committed {
  readonly units: readonly CommitUnit[]
  readonly seconds: number
}

export interface CommitterOptions {
  readonly producer: Producer
  readonly shard: number
  readonly onCommit: (committed: Committed) => void
  /** Called once. Memory is then wrong: the shard has to be restored, or this worker to end when it was fenced. */
  readonly onFailure: (error: FilterError) => void
}

/** Commits what it is given every 200 ms, every 100 ms while deliveries wait, at once when 8 MB wait or somebody waits for it. */
export class Committer {
  readonly #options: CommitterOptions
  readonly #queue: CommitUnit[] = []
  readonly #waiters: {
    readonly unit: CommitUnit
    readonly resolve: () => void
    readonly reject: (error: Error) => void
  }[] = []
  #bytes = 0
  #heldBytes = 0
  #urgent = false
  #running = false
  /** Everything is to be committed: nothing yields any more. */
  #isClosing = false
  #inFlight: Promise<void> = Promise.resolve()
  #startedMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #failure: FilterError | undefined
  #room = Promise.withResolvers<void>()

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  push(units: readonly CommitUnit[]): void {
    if (this.#failure !== undefined) return
    for (const unit of units) {
      this.#queue.push(unit)
      this.#bytes += unit.bytes
      this.#heldBytes += unit.heldBytes
    }
    this.#tick()
  }

  /** Commits these without waiting for the interval. Rejects when the committer fails. */
  async commitNow(units: readonly CommitUnit[]): Promise<void> {
    const unit = units.at(-1)
    if (unit === undefined) return
    if (this.#failure !== undefined) throw this.#failure
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.push({ unit, resolve, reject })
    this.#urgent = true
    this.push(units)
    await promise
  }

  /** Resolves when the waiting deliveries leave room for more; a lane that yields leaves half of it to the others. Rejects when the committer fails. */
  async waitForRoom(doesYield = false): Promise<void> {
    const maxBytes = doesYield ? MAX_HELD_BYTES / 2 : MAX_HELD_BYTES
    while (this.#heldBytes > maxBytes && this.#failure === undefined) await this.#room.promise
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Commits what waits and stops. Does not throw: what could not be committed is done again by whoever restores the shard. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#isClosing = true
    await this.#inFlight
    const last = this.#queue.at(-1)
    if (last !== undefined && this.#failure === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#waiters.push({ unit: last, resolve, reject })
      this.#urgent = true
      this.#tick()
      await promise.catch(() => undefined)
    }
    this.#fail(new FilterError('FILTER_COMMIT', 'The shard was closed'), false)
  }

  #tick(): void {
    if (this.#running || this.#queue.length === 0 || this.#failure !== undefined) return
    clearTimeout(this.#timer)
    const intervalMs = this.#bytes > 0 ? DELIVERY_INTERVAL_MS : INTERVAL_MS
    const waitMs = this.#startedMs + intervalMs - performance.now()
    if (waitMs > 0 && !this.#urgent && this.#bytes < EARLY_COMMIT_BYTES) {
      this.#timer = setTimeout(() => this.#tick(), waitMs)
      return
    }
    this.#running = true
    this.#startedMs = performance.now()
    this.#inFlight = this.#run()
  }

  async #run(): Promise<void> {
    try {
      await this.#commit()
    } catch (error) {
      return this.#fail(failureOf(error), true)
    }
    this.#running = false
    this.#tick()
  }

  async #commit(): Promise<void> {
    const places = nextUnits(this.#queue, this.#isClosing ? Infinity : performance.now())
    const units = places.flatMap(at => this.#queue[at] ?? [])
    for (const at of places.toReversed()) this.#queue.splice(at, 1)
    const transaction = await this.#options.producer.begin()
    await transaction.send(messagesOf(units, this.#options.shard))
    await transaction.commit()
    for (const { bytes, heldBytes } of units) {
      this.#bytes -= bytes
      this.#heldBytes -= heldBytes
    }
    this.#room.resolve()
    this.#room = Promise.withResolvers()
    const done = new Set(units)
    for (const waiter of this.#waiters.splice(0)) {
      if (done.has(waiter.unit)) waiter.resolve()
      else this.#waiters.push(waiter)
    }
    this.#urgent = this.#waiters.length > 0
    this.#options.onCommit({ units, seconds: (performance.now() - this.#startedMs) / 1000 })
  }

  #fail(error: FilterError, tell: boolean): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    clearTimeout(this.#timer)
    this.#queue.length = 0
    for (const { reject } of this.#waiters.splice(0)) reject(error)
    this.#room.resolve()
    if (tell) this.#options.onFailure(error)
  }
}

function failureOf(cause: unknown): FilterError {
  const fenced = fencedError(cause)
  if (fenced !== undefined) return fenced
  const why = cause instanceof Error ? cause.message : String(cause)
  return new FilterError('FILTER_COMMIT', `A transaction failed (${why}); the shard is restored from its progress`, {
    cause,
  })
}
