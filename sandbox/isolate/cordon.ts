// Host processes for filters of one degree of trust: they never share a process with others. Filters that turn slow move to hosts of lower priority.
import { type Logger } from 'pino'
import { type LoadOutcome, type Program, type Verdicts } from '../sandbox.ts'
import { type HostPool } from './host-pool.ts'
import { type HostProcess } from './host-process.ts'
import { openPaces } from './pace.ts'
import { Seat } from './seat.ts'
import { type PlacedBatch } from './work-list.ts'

export interface CordonOptions {
  /** Hosts at most, of each kind. */
  readonly hosts: number
  /** Each filter has a host of its own, however many there are. */
  readonly alone: boolean
  readonly pool: HostPool
  /** Where hosts for slow filters come from. */
  readonly slowPool: HostPool
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
  /** A host is replaced by a fresh one after so long. */
  readonly rotateMs: number
}

interface Member {
  readonly program: Program
  seat: Seat
  /** Stays true: a filter is moved once, and nothing moves it back. */
  isSlow: boolean
}

/** Filters of one trust, spread over hosts. */
export class Cordon {
  readonly #options: CordonOptions
  readonly #quick: Seat[] = []
  readonly #slow: Seat[] = []
  readonly #members = new Map<string, Member>()
  readonly #paces = openPaces()
  readonly #rotation: NodeJS.Timeout
  #rotating: Promise<void> = Promise.resolve()
  #loading = 0

  constructor(options: CordonOptions) {
    this.#options = options
    this.#rotation = setInterval(() => void this.rotate(), options.rotateMs).unref()
  }

  /** Hosts at work and standing by. */
  get hosts(): readonly HostProcess[] {
    const atWork = [...this.#quick, ...this.#slow].flatMap(seat => seat.host ?? [])
    return [...atWork, ...this.spares]
  }

  get spares(): readonly HostProcess[] {
    const { spare } = this.#options.pool
    return spare === undefined ? [] : [spare]
  }

  /** How many isolates of each limit of memory the fullest quick host holds; none while filters are loaded, which needs the processor first. */
  demand(): ReadonlyMap<number, number> {
    if (this.#loading > 0) return new Map()
    const counts = new Map<Seat, Map<number, number>>(this.#quick.map(seat => [seat, new Map()]))
    for (const { seat, program } of this.#members.values()) {
      const { memoryMb } = program.limits
      const count = counts.get(seat)
      count?.set(memoryMb, (count.get(memoryMb) ?? 0) + 1)
    }
    const total = (count: ReadonlyMap<number, number>): number => [...count.values()].reduce((sum, n) => sum + n, 0)
    return [...counts.values()].reduce((most, count) => (total(count) > total(most) ? count : most), new Map())
  }

  async load(program: Program): Promise<LoadOutcome> {
    const member = { program, seat: this.#seatIn(this.#quick, this.#options.pool), isSlow: false }
    this.#members.set(program.id, member)
    let loaded = false
    this.#loading++
    try {
      const outcome = await member.seat.load(program)
      loaded = outcome.ok
      return outcome
    } finally {
      this.#loading--
      if (!loaded) this.#leave(member)
    }
  }

  async unload(filter: string): Promise<void> {
    const member = this.#members.get(filter)
    if (member === undefined) return
    await member.seat.unload(filter)
    this.#leave(member)
  }

  /** Verdicts of filters of this cordon. */
  async evaluate(batch: PlacedBatch, filters: readonly string[]): Promise<Map<string, Verdicts>[]> {
    const bySeat = Map.groupBy(filters, filter => this.#members.get(filter)?.seat)
    const running = [...bySeat].flatMap(([seat, ids]) => (seat === undefined ? [] : [seat.evaluate(batch, ids)]))
    // All must be over before the batch's memory is given back, also when one rejects.
    const settled = await Promise.allSettled(running)
    return settled.map(result => {
      if (result.status === 'rejected') throw result.reason
      return new Map([...result.value].map(([id, verdicts]) => [id, this.#judge(verdicts, batch.message.rows)]))
    })
  }

  /** Replaces the hosts, one after another, without a gap. */
  rotate(): Promise<void> {
    const before = this.#rotating
    this.#rotating = (async () => {
      await before
      for (const seat of [...this.#quick, ...this.#slow]) await seat.rotate()
    })()
    return this.#rotating
  }

  /** Ends all hosts and waits for their end. */
  async close(): Promise<void> {
    clearInterval(this.#rotation)
    const { pool, slowPool } = this.#options
    for (const seat of [...this.#quick, ...this.#slow]) seat.close()
    await Promise.all([pool.close(), slowPool.close()])
  }

  /** Takes the pace of a filter in; says whether it is slow. */
  #judge(verdicts: Verdicts, rows: number): Verdicts {
    const { filter, failure, cpuMs } = verdicts
    const member = this.#members.get(filter)
    if (member === undefined || failure !== undefined) return verdicts
    if (!member.isSlow && this.#paces.isSlowAfter(filter, rows, cpuMs)) {
      member.isSlow = true
      if (!this.#options.alone) void this.#moveToSlow(member)
    }
    return member.isSlow ? { ...verdicts, isSlow: true } : verdicts
  }

  /** Loads a slow filter elsewhere, and only then takes it out where it is. One that cannot be moved stays. */
  async #moveToSlow(member: Member): Promise<void> {
    const { program, seat: from } = member
    try {
      const to = this.#seatIn(this.#slow, this.#options.slowPool)
      const outcome = await to.load(program)
      if (!outcome.ok) return
      if (this.#members.get(program.id) !== member) return await to.unload(program.id)
      member.seat = to
      await from.unload(program.id)
      this.#options.logger.info({ filter: program.id }, 'a slow filter moved to a host for slow filters')
    } catch (error) {
      this.#options.logger.warn({ err: error, filter: program.id }, 'a slow filter could not be moved')
    }
  }

  /** A new seat while there may be more, else the one with the fewest filters. */
  #seatIn(seats: Seat[], pool: HostPool): Seat {
    const { hosts, alone, logger, onRestart } = this.#options
    if (alone || seats.length < hosts) {
      const seat = new Seat({ takeHost: () => pool.take(), logger, onRestart })
      seats.push(seat)
      return seat
    }
    const counts = new Map<Seat, number>(seats.map(seat => [seat, 0]))
    for (const { seat } of this.#members.values()) counts.set(seat, (counts.get(seat) ?? 0) + 1)
    return seats.reduce((least, seat) => ((counts.get(seat) ?? 0) < (counts.get(least) ?? 0) ? seat : least))
  }

  #leave(member: Member): void {
    const { program, seat } = member
    if (this.#members.get(program.id) === member) this.#members.delete(program.id)
    this.#paces.forget(program.id)
    if (!this.#options.alone) return
    seat.close()
    this.#quick.splice(this.#quick.indexOf(seat), 1)
  }
}
