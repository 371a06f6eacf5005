// Host processes for filters of one degree of trust: they never share a process with others. Filters that turn slow move to hosts of lower priority.
import { type Logger } from 'pino'
import { type LoadOutcome, type Program, type Verdicts } from '../sandbox.ts'
import { filterMb, fits } from './process/filter-memory.ts'
import { type HostPool } from './host-pool.ts'
import { type HostProcess } from './process/host-process.ts'
import { openPaces } from '../slow-filters.ts'
import { Seat } from './supervision/supervised-host.ts'
import { type PlacedBatch } from '../protocol/placed-batch.ts'

export interface CordonOptions {
  /** Hosts of each kind, as long as their memory is enough for the filters. */
  readonly hosts: number
  /** Hosts of each kind at most. */
  readonly maxHosts: number
  /** Memory of one. */
  readonly memoryMb: number
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

/** Slow filters are in hosts of lower priority. */
type Kind = 'quick' | 'slow'

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
    const member = { program, seat: this.#seatFor(program, 'quick'), isSlow: false }
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
    let seat: Seat
    // It may be moved to another meanwhile.
    do {
      seat = member.seat
      await seat.unload(filter)
    } while (seat !== member.seat)
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
      const to = this.#seatFor(program, 'slow')
      const outcome = await to.load(program)
      if (!outcome.ok) return
      if (this.#members.get(program.id) !== member || member.seat !== from) return await to.unload(program.id)
      member.seat = to
      await from.unload(program.id)
      this.#options.logger.info({ filter: program.id }, 'a slow filter moved to a host for slow filters')
    } catch (error) {
      this.#options.logger.warn({ err: error, filter: program.id }, 'a slow filter could not be moved')
    }
  }

  /** A new seat while there are fewer than wanted, or all are full; else the one with the most room. */
  #seatFor(program: Program, kind: Kind): Seat {
    const { hosts, alone, memoryMb } = this.#options
    const seats = this.#seatsOf(kind)
    if (alone || seats.length < hosts) return this.#open(kind)
    const programs = new Map<Seat, Program[]>(seats.map(seat => [seat, []]))
    for (const { seat, program: other } of this.#members.values()) programs.get(seat)?.push(other)
    const restMb = (seat: Seat): number => (programs.get(seat) ?? []).reduce((sum, other) => sum + filterMb(other), 0)
    const roomiest = seats.reduce((least, seat) => (restMb(seat) < restMb(least) ? seat : least))
    const isFull = !fits([...(programs.get(roomiest) ?? []), program], memoryMb)
    return isFull && this.#mayOpen(kind) ? this.#open(kind) : roomiest
  }

  /** Another seat for filters whose host has no memory for all it holds. */
  #relieve(from: Seat, filters: readonly string[]): Seat | undefined {
    const kind: Kind = this.#slow.includes(from) ? 'slow' : 'quick'
    if (this.#options.alone || !this.#mayOpen(kind)) return undefined
    const to = this.#open(kind)
    for (const filter of filters) {
      const member = this.#members.get(filter)
      if (member?.seat === from) member.seat = to
    }
    return to
  }

  #seatsOf(kind: Kind): Seat[] {
    return kind === 'quick' ? this.#quick : this.#slow
  }

  #mayOpen(kind: Kind): boolean {
    return this.#seatsOf(kind).length < this.#options.maxHosts
  }

  #open(kind: Kind): Seat {
    const { pool, slowPool, logger, onRestart } = this.#options
    const from = kind === 'quick' ? pool : slowPool
    const seat: Seat = new Seat({
      takeHost: () => from.take(),
      logger,
      onRestart,
      relief: filters => this.#relieve(seat, filters),
    })
    this.#seatsOf(kind).push(seat)
    return seat
  }

  #leave(member: Member): void {
    const { program, seat } = member
    if (this.#members.get(program.id) === member) this.#members.delete(program.id)
    this.#paces.forget(program.id)
    const { alone, hosts } = this.#options
    const seats = this.#quick.includes(seat) ? this.#quick : this.#slow
    const at = seats.indexOf(seat)
    const isNeeded = seats.length <= hosts || [...this.#members.values()].some(other => other.seat === seat)
    // One that is unloaded twice at once leaves once.
    if (at < 0 || (!alone && isNeeded)) return
    seats.splice(at, 1)
    seat.close()
  }
}
