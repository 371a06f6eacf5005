// A container and who is in it: one filter, or several of one author, which take turns and may fail together.
import { type Logger } from 'pino'
import { type Failure, type Program } from '../../sandbox.ts'
import { MessageKind } from '../../protocol/wire.ts'
import { blame } from './blame.ts'
import { type ContainerProcess } from '../process/container-process.ts'

/** Filters of one author in a container; the next one gets another. */
export const MAX_TENANTS = 8

/** A filter in a room. */
export interface Tenant {
  readonly program: Program
  /** Its number in the container. */
  readonly slot: number
  /** The container ended by itself while nobody was asked anything. */
  failedBetween(failure: Failure): void
}

export interface RoomOptions {
  /** A proved container; while the engine is away it waits until `signal`, unless `once`. */
  readonly start: (signal: AbortSignal, once: boolean) => Promise<ContainerProcess>
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
}

export class Room {
  readonly #options: RoomOptions
  readonly #tenants = new Set<Tenant>()
  #process: ContainerProcess | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #asking: Tenant | undefined
  #nextSlot = 0

  constructor(options: RoomOptions) {
    this.#options = options
  }

  get process(): ContainerProcess | undefined {
    return this.#process
  }

  get isFull(): boolean {
    return this.#tenants.size >= MAX_TENANTS
  }

  get isEmpty(): boolean {
    return this.#tenants.size === 0
  }

  get isShared(): boolean {
    return this.#tenants.size > 1
  }

  /** Settles after the work under way. */
  get turn(): Promise<unknown> {
    return this.#turn
  }

  newSlot(): number {
    return this.#nextSlot++
  }

  enter(tenant: Tenant): void {
    this.#tenants.add(tenant)
  }

  /** The container goes with its last filter. */
  async leave(tenant: Tenant): Promise<void> {
    if (!this.#tenants.delete(tenant)) return
    if (this.isEmpty) await this.#end()
    else this.#process?.send(MessageKind.unload, { slot: tenant.slot })
  }

  /** A filter could not be loaded: alone, it needs no container. */
  async refuse(tenant: Tenant): Promise<void> {
    if (this.#tenants.size === 1 && this.#tenants.has(tenant)) await this.#end()
  }

  /** One after another, since a container does one thing at a time and its processor time is charged to who is asked. */
  inTurn<T>(tenant: Tenant, work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      this.#asking = tenant
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
    void this.#mourn(process)
    return process
  }

  async #end(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    process?.kill('retired')
    await process?.removed
  }

  async #mourn(process: ContainerProcess): Promise<void> {
    const end = await process.ended
    if (this.#process === process) this.#process = undefined
    const [first] = this.#tenants
    if (first === undefined || end.killedFor === 'retired') return
    const { batchMs: limitMs, memoryMb } = first.program.limits
    const failure = blame(end, { doing: 'batch', limitMs, memoryMb })
    // Between two batches it can only have been the filters' own threads; within one, whoever was asked knows by himself.
    if (failure !== undefined && this.#asking === undefined)
      for (const tenant of this.#tenants) tenant.failedBetween(failure)
    const { exitCode, killedFor, detail } = end
    const filters = [...this.#tenants].map(({ program }) => program.id)
    this.#options.logger.warn({ filters, exitCode, killedFor, detail, reason: failure?.reason }, 'a container ended')
    this.#options.onRestart(failure?.reason ?? killedFor ?? 'outside')
  }
}
