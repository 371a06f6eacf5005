// Host processes for filters of one degree of trust: they never share a process with others. A spare host stands by, so that a takeover costs no start.
import { type Logger } from 'pino'
import { SandboxError } from '../errors.ts'
import { type LoadOutcome, type Program, type Trust, type Verdicts } from '../sandbox.ts'
import { type HostProcess } from './host-process.ts'
import { type PlacedBatch, Seat } from './seat.ts'

export interface CordonOptions {
  readonly trust: Trust
  /** Hosts at most; ignored when each filter has one of its own. */
  readonly hosts: number
  readonly startHost: () => HostProcess
  /** Differences of a running host from what is required. */
  readonly inspect: (host: HostProcess) => readonly string[]
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
}

/** Filters of one trust, spread over hosts. */
export class Cordon {
  readonly #options: CordonOptions
  readonly #seats: Seat[] = []
  readonly #seatOf = new Map<string, Seat>()
  #spare: HostProcess | undefined
  #closed = false

  constructor(options: CordonOptions) {
    this.#options = options
  }

  get seats(): readonly Seat[] {
    return this.#seats
  }

  get spare(): HostProcess | undefined {
    return this.#spare
  }

  has(filter: string): boolean {
    return this.#seatOf.has(filter)
  }

  async load(program: Program): Promise<LoadOutcome> {
    const seat = this.#seatFor()
    this.#seatOf.set(program.id, seat)
    const outcome = await seat.load(program)
    if (!outcome.ok) this.#leave(program.id)
    return outcome
  }

  async unload(filter: string): Promise<void> {
    await this.#seatOf.get(filter)?.unload(filter)
    this.#leave(filter)
  }

  /** Verdicts of filters of this cordon. */
  async evaluate(batch: PlacedBatch, filters: readonly string[]): Promise<Map<string, Verdicts>[]> {
    const bySeat = Map.groupBy(filters, filter => this.#seatOf.get(filter))
    const running = [...bySeat].map(
      ([seat, ids]) => seat?.evaluate(batch, ids) ?? Promise.resolve(new Map<string, Verdicts>()),
    )
    // All must be over before the batch's memory is given back, also when one rejects.
    const settled = await Promise.allSettled(running)
    return settled.map(result => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
  }

  close(): void {
    this.#closed = true
    for (const seat of this.#seats) seat.close()
    this.#spare?.kill('retired')
    this.#spare = undefined
  }

  get #alone(): boolean {
    return this.#options.trust === 'quarantined'
  }

  #seatFor(): Seat {
    const { hosts, logger, onRestart } = this.#options
    if (this.#alone || this.#seats.length < hosts) {
      const seat = new Seat({ takeHost: () => this.#takeHost(), logger, onRestart })
      this.#seats.push(seat)
      return seat
    }
    const counts = new Map<Seat, number>(this.#seats.map(seat => [seat, 0]))
    for (const seat of this.#seatOf.values()) counts.set(seat, (counts.get(seat) ?? 0) + 1)
    return this.#seats.reduce((least, seat) => ((counts.get(seat) ?? 0) < (counts.get(least) ?? 0) ? seat : least))
  }

  #leave(filter: string): void {
    const seat = this.#seatOf.get(filter)
    this.#seatOf.delete(filter)
    if (seat === undefined || !this.#alone) return
    seat.close()
    this.#seats.splice(this.#seats.indexOf(seat), 1)
  }

  /** The spare if it stands by, else a new host; and a new spare behind it. */
  async #takeHost(): Promise<HostProcess> {
    if (this.#closed) throw new SandboxError('SANDBOX_CLOSED', 'The sandbox is closed.')
    const host = this.#spare ?? this.#options.startHost()
    this.#spare = undefined
    if (!this.#alone) this.#standBy()
    await host.ready
    const differences = this.#options.inspect(host)
    if (differences.length > 0) {
      host.kill('retired')
      throw new SandboxError(
        'SANDBOX_POSTURE',
        `An isolate host gets no filter, because it is not confined as required: ${differences.join('; ')}`,
      )
    }
    return host
  }

  #standBy(): void {
    const spare = this.#options.startHost()
    this.#spare = spare
    void spare.ended.then(() => {
      // One that died while standing by is replaced only when it is needed; see #takeHost.
      if (this.#spare === spare) this.#spare = undefined
    })
  }
}
