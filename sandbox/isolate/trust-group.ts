// The host processes for filters of one degree of trust, which never share a process with others. In come programs, each to the host with the most room, and batches;
// out come verdicts. Filters that turn slow move to hosts of lower priority.
import { type Logger } from 'pino'
import { type PlacedBatch } from '../protocol/placed-batch.ts'
import { type LoadOutcome, type Program, type Verdicts } from '../sandbox.ts'
import { openPaces } from '../slow-filters.ts'
import { type HostPool } from './host-pool.ts'
import { filterMb, fits } from './process/filter-memory.ts'
import { type HostProcess } from './process/host-process.ts'
import { SupervisedHost } from './supervision/supervised-host.ts'

export interface TrustGroupOptions {
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
  host: SupervisedHost
  /** Stays true: a filter is moved once, and nothing moves it back. */
  isSlow: boolean
}

/** Slow filters are in hosts of lower priority. */
type Kind = 'quick' | 'slow'

/** Filters of one trust, spread over hosts. */
export class TrustGroup {
  readonly #options: TrustGroupOptions
  readonly #quick: SupervisedHost[] = []
  readonly #slow: SupervisedHost[] = []
  readonly #members = new Map<string, Member>()
  readonly #paces = openPaces()
  readonly #rotation: NodeJS.Timeout
  #rotating: Promise<void> = Promise.resolve()
  #loading = 0

  constructor(options: TrustGroupOptions) {
    this.#options = options
    this.#rotation = setInterval(() => void this.rotate(), options.rotateMs).unref()
  }

  /** Hosts at work and standing by. */
  get hosts(): readonly HostProcess[] {
    const atWork = [...this.#quick, ...this.#slow].flatMap(host => host.process ?? [])
    return [...atWork, ...this.spares]
  }

  get spares(): readonly HostProcess[] {
    const { spare } = this.#options.pool
    return spare === undefined ? [] : [spare]
  }

  /** How many isolates of each limit of memory the fullest quick host holds; none while filters are loaded, which needs the processor first. */
  demand(): ReadonlyMap<number, number> {
    if (this.#loading > 0) return new Map()
    const counts = new Map<SupervisedHost, Map<number, number>>(this.#quick.map(host => [host, new Map()]))
    for (const { host, program } of this.#members.values()) {
      const { memoryMb } = program.limits
      const count = counts.get(host)
      count?.set(memoryMb, (count.get(memoryMb) ?? 0) + 1)
    }
    const total = (count: ReadonlyMap<number, number>): number => [...count.values()].reduce((sum, n) => sum + n, 0)
    return [...counts.values()].reduce((most, count) => (total(count) > total(most) ? count : most), new Map())
  }

  async load(program: Program): Promise<LoadOutcome> {
    const member = { program, host: this.#hostFor(program, 'quick'), isSlow: false }
    this.#members.set(program.id, member)
    let loaded = false
    this.#loading++
    try {
      const outcome = await member.host.load(program)
      loaded = outcome.ok
      return outcome
    } finally {
      this.#loading--
      if (!loaded) this.#remove(member)
    }
  }

  async unload(filter: string): Promise<void> {
    const member = this.#members.get(filter)
    if (member === undefined) return
    let host: SupervisedHost
    // It may be moved to another meanwhile.
    do {
      host = member.host
      await host.unload(filter)
    } while (host !== member.host)
    this.#remove(member)
  }

  /** Verdicts of filters of this group. */
  async evaluate(batch: PlacedBatch, filters: readonly string[]): Promise<Map<string, Verdicts>[]> {
    const byHost = Map.groupBy(filters, filter => this.#members.get(filter)?.host)
    const running = [...byHost].flatMap(([host, ids]) => (host === undefined ? [] : [host.evaluate(batch, ids)]))
    // All must be over before the batch's memory is given back, also when one rejects.
    const settled = await Promise.allSettled(running)
    return settled.map(result => {
      if (result.status === 'rejected') throw result.reason
      return new Map([...result.value].map(([id, verdicts]) => [id, this.#notePace(verdicts, batch.message.rows)]))
    })
  }

  /** Replaces the hosts, one after another, without a gap. */
  rotate(): Promise<void> {
    const before = this.#rotating
    this.#rotating = (async () => {
      await before
      for (const host of [...this.#quick, ...this.#slow]) await host.rotate()
    })()
    return this.#rotating
  }

  /** Ends all hosts and waits for their end. */
  async close(): Promise<void> {
    clearInterval(this.#rotation)
    const { pool, slowPool } = this.#options
    for (const host of [...this.#quick, ...this.#slow]) host.close()
    await Promise.all([pool.close(), slowPool.close()])
  }

  /** Takes the pace of a filter in; says whether it is slow. */
  #notePace(verdicts: Verdicts, rows: number): Verdicts {
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
    const { program, host: from } = member
    try {
      const to = this.#hostFor(program, 'slow')
      const outcome = await to.load(program)
      if (!outcome.ok) return
      if (this.#members.get(program.id) !== member || member.host !== from) return await to.unload(program.id)
      member.host = to
      await from.unload(program.id)
      this.#options.logger.info({ filter: program.id }, 'a slow filter moved to a host for slow filters')
    } catch (error) {
      this.#options.logger.warn({ err: error, filter: program.id }, 'a slow filter could not be moved')
    }
  }

  /** A new host while there are fewer than wanted, or all are full; else the one with the most room. */
  #hostFor(program: Program, kind: Kind): SupervisedHost {
    const { hosts, alone, memoryMb } = this.#options
    const present = this.#hostsOf(kind)
    if (alone || present.length < hosts) return this.#open(kind)
    const programs = new Map<SupervisedHost, Program[]>(present.map(host => [host, []]))
    for (const { host, program: other } of this.#members.values()) programs.get(host)?.push(other)
    const restMb = (host: SupervisedHost): number =>
      (programs.get(host) ?? []).reduce((sum, other) => sum + filterMb(other), 0)
    const roomiest = present.reduce((least, host) => (restMb(host) < restMb(least) ? host : least))
    const isFull = !fits([...(programs.get(roomiest) ?? []), program], memoryMb)
    return isFull && this.#mayOpen(kind) ? this.#open(kind) : roomiest
  }

  /** Another host for filters whose own has no memory for all it holds. */
  #relieve(from: SupervisedHost, filters: readonly string[]): SupervisedHost | undefined {
    const kind: Kind = this.#slow.includes(from) ? 'slow' : 'quick'
    if (this.#options.alone || !this.#mayOpen(kind)) return undefined
    const to = this.#open(kind)
    for (const filter of filters) {
      const member = this.#members.get(filter)
      if (member?.host === from) member.host = to
    }
    return to
  }

  #hostsOf(kind: Kind): SupervisedHost[] {
    return kind === 'quick' ? this.#quick : this.#slow
  }

  #mayOpen(kind: Kind): boolean {
    return this.#hostsOf(kind).length < this.#options.maxHosts
  }

  #open(kind: Kind): SupervisedHost {
    const { pool, slowPool, logger, onRestart } = this.#options
    const from = kind === 'quick' ? pool : slowPool
    const host: SupervisedHost = new SupervisedHost({
      takeHost: () => from.take(),
      logger,
      onRestart,
      relief: filters => this.#relieve(host, filters),
    })
    this.#hostsOf(kind).push(host)
    return host
  }

  #remove(member: Member): void {
    const { program, host } = member
    if (this.#members.get(program.id) === member) this.#members.delete(program.id)
    this.#paces.forget(program.id)
    const { alone, hosts } = this.#options
    const present = this.#quick.includes(host) ? this.#quick : this.#slow
    const at = present.indexOf(host)
    const isNeeded = present.length <= hosts || [...this.#members.values()].some(other => other.host === host)
    // One that is unloaded twice at once leaves once.
    if (at < 0 || (!alone && isNeeded)) return
    present.splice(at, 1)
    host.close()
  }
}
