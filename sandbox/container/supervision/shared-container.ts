// A container and the filters in it: one, or several of one author, which take turns and may fail together.
import { type Logger } from 'pino'
import { MessageKind } from '../../protocol/wire.ts'
import { type Failure, type Program } from '../../sandbox.ts'
import { type ContainerProcess } from '../process/container-process.ts'
import { blame } from './blame.ts'

/** Filters of one author in a container; the next one gets another. */
export const MAX_FILTERS = 8

/** A filter in a container. */
export interface ContainedFilter {
  readonly program: Program
  /** Its number in the container. */
  readonly slot: number
  /** The container ended by itself while nobody was asked anything. */
  failedBetween(failure: Failure): void
}

export interface SharedContainerOptions {
  /** A proved container; while the engine is away it waits until `signal`, unless `once`. */
  readonly start: (signal: AbortSignal, once: boolean) => Promise<ContainerProcess>
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
}

export class SharedContainer {
  readonly #options: SharedContainerOptions
  readonly #filters = new Set<ContainedFilter>()
  #process: ContainerProcess | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #asking: ContainedFilter | undefined
  #nextSlot = 0

  constructor(options: SharedContainerOptions) {
    this.#options = options
  }

  get process(): ContainerProcess | undefined {
    return this.#process
  }

  get isFull(): boolean {
    return this.#filters.size >= MAX_FILTERS
  }

  get isEmpty(): boolean {
    return this.#filters.size === 0
  }

  get isShared(): boolean {
    return this.#filters.size > 1
  }

  /** Settles after the work under way. */
  get turn(): Promise<unknown> {
    return this.#turn
  }

  newSlot(): number {
    return this.#nextSlot++
  }

  add(filter: ContainedFilter): void {
    this.#filters.add(filter)
  }

  /** The container goes with its last filter. */
  async remove(filter: ContainedFilter): Promise<void> {
    if (!this.#filters.delete(filter)) return
    if (this.isEmpty) await this.#end()
    else this.#process?.send(MessageKind.unload, { slot: filter.slot })
  }

  /** A filter could not be loaded: alone, it needs no container. */
  async refuse(filter: ContainedFilter): Promise<void> {
    if (this.#filters.size === 1 && this.#filters.has(filter)) await this.#end()
  }

  /** One after another, since a container does one thing at a time and its processor time is charged to who is asked. */
  inTurn<T>(filter: ContainedFilter, work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      this.#asking = filter
      try {
        return await work()
      } finally {
        this.#asking = undefined
      }
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** The present container, or a new one. */
  async take(signal: AbortSignal, once: boolean): Promise<ContainerProcess> {
    if (this.#process !== undefined) return this.#process
    const process = await this.#options.start(signal, once)
    this.#process = process
    void this.#followEnd(process)
    return process
  }

  async #end(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    process?.kill('retired')
    await process?.removed
  }

  async #followEnd(process: ContainerProcess): Promise<void> {
    const end = await process.ended
    if (this.#process === process) this.#process = undefined
    const [first] = this.#filters
    if (first === undefined || end.killedFor === 'retired') return
    const { batchMs: limitMs, memoryMb } = first.program.limits
    const failure = blame(end, { doing: 'batch', limitMs, memoryMb })
    // Between two batches it can only have been the filters' own threads; within one, whoever was asked knows by himself.
    if (failure !== undefined && this.#asking === undefined)
      for (const filter of this.#filters) filter.failedBetween(failure)
    const { exitCode, killedFor, detail } = end
    const filters = [...this.#filters].map(({ program }) => program.id)
    this.#options.logger.warn({ filters, exitCode, killedFor, detail, reason: failure?.reason }, 'a container ended')
    this.#options.onRestart(failure?.reason ?? killedFor ?? 'outside')
  }
}
