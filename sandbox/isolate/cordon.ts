// Host processes for filters of one degree of trust: they never share a process with others.
import { type Logger } from 'pino'
import { type LoadOutcome, type Program, type Verdicts } from '../sandbox.ts'
import { type HostPool } from './host-pool.ts'
import { type HostProcess } from './host-process.ts'
import { Seat } from './seat.ts'
import { type PlacedBatch } from './work-list.ts'

export interface CordonOptions {
  /** Hosts at most. */
  readonly hosts: number
  /** Each filter has a host of its own, however many there are. */
  readonly alone: boolean
  readonly pool: HostPool
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
  /** A host is replaced by a fresh one after so long. */
  readonly rotateMs: number
}

/** Filters of one trust, spread over hosts. */
export class Cordon {
  readonly #options: CordonOptions
  readonly #seats: Seat[] = []
  readonly #seatOf = new Map<string, Seat>()
  readonly #rotation: NodeJS.Timeout
  #rotating: Promise<void> = Promise.resolve()

  constructor(options: CordonOptions) {
    this.#options = options
    this.#rotation = setInterval(() => void this.rotate(), options.rotateMs).unref()
  }

  /** Hosts at work and standing by. */
  get hosts(): readonly HostProcess[] {
    const { spare } = this.#options.pool
    return [...this.#seats.flatMap(seat => seat.host ?? []), ...(spare === undefined ? [] : [spare])]
  }

  async load(program: Program): Promise<LoadOutcome> {
    const seat = this.#seatFor()
    this.#seatOf.set(program.id, seat)
    try {
      const outcome = await seat.load(program)
      if (!outcome.ok) this.#leave(program.id, seat)
      return outcome
    } catch (error) {
      this.#leave(program.id, seat)
      throw error
    }
  }

  async unload(filter: string): Promise<void> {
    const seat = this.#seatOf.get(filter)
    if (seat === undefined) return
    await seat.unload(filter)
    this.#leave(filter, seat)
  }

  /** Verdicts of filters of this cordon. */
  async evaluate(batch: PlacedBatch, filters: readonly string[]): Promise<Map<string, Verdicts>[]> {
    const bySeat = Map.groupBy(filters, filter => this.#seatOf.get(filter))
    const running = [...bySeat].flatMap(([seat, ids]) => (seat === undefined ? [] : [seat.evaluate(batch, ids)]))
    // All must be over before the batch's memory is given back, also when one rejects.
    const settled = await Promise.allSettled(running)
    return settled.map(result => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
  }

  /** Replaces the hosts, one after another, without a gap. */
  rotate(): Promise<void> {
    const before = this.#rotating
    this.#rotating = (async () => {
      await before
      for (const seat of this.#seats.slice()) await seat.rotate()
    })()
    return this.#rotating
  }

  /** Ends all hosts and waits for their end. */
  async close(): Promise<void> {
    clearInterval(this.#rotation)
    await Promise.all([this.#options.pool.close(), ...this.#seats.map(seat => seat.close())])
  }

  #seatFor(): Seat {
    const { hosts, alone, pool, logger, onRestart } = this.#options
    if (alone || this.#seats.length < hosts) {
      const seat = new Seat({ takeHost: () => pool.take(), logger, onRestart })
      this.#seats.push(seat)
      return seat
    }
    const counts = new Map<Seat, number>(this.#seats.map(seat => [seat, 0]))
    for (const seat of this.#seatOf.values()) counts.set(seat, (counts.get(seat) ?? 0) + 1)
    return this.#seats.reduce((least, seat) => ((counts.get(seat) ?? 0) < (counts.get(least) ?? 0) ? seat : least))
  }

  #leave(filter: string, seat: Seat): void {
    if (this.#seatOf.get(filter) === seat) this.#seatOf.delete(filter)
    if (!this.#options.alone) return
    void seat.close()
    this.#seats.splice(this.#seats.indexOf(seat), 1)
  }
}
