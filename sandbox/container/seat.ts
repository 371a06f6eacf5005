// The place of one filter: its container, its work one after another, and what happens when the container ends. A filter that did it has failed; otherwise a
// new container takes over and the batch is run again. Verdicts are deterministic and only one answer is taken, so none is lost or doubled.
import { type Logger } from 'pino'
import { SandboxError } from '../errors.ts'
import { batchOf, failedVerdicts, readLoaded, readVerdicts } from '../isolate/verdict-reader.ts'
import { type PlacedBatch } from '../isolate/work-list.ts'
import { type Failure, type LoadOutcome, type Program, type Verdicts } from '../sandbox.ts'
import { type EvaluateMessage, type LoadMessage, MessageKind, ReplyKind } from '../wire.ts'
import { blame, endlessEnds, type Step } from './blame.ts'
import { type Answer, type ContainerProcess } from './container-process.ts'
import { openDeadline } from './deadline.ts'
import { RUNTIME_MB } from './options.ts'

/** The only filter of its container. */
const SLOT = 0
/** Ends in a row of the same step without a reason. */
const MAX_BLAMELESS_ENDS = 3
const NEARLY = 0.9

export interface SeatOptions {
  readonly program: Program
  /** A proved container; while the engine is away it waits until `signal`, unless `once`. */
  readonly start: (program: Program, signal: AbortSignal, once: boolean) => Promise<ContainerProcess>
  readonly loadMs: number
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
}

export class ContainerSeat {
  readonly #options: SeatOptions
  readonly #closing = new AbortController()
  #process: ContainerProcess | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #failure: Failure | undefined
  #seq = 0
  #loadedMb = 0
  #cpuMs: number | undefined

  constructor(options: SeatOptions) {
    this.#options = options
  }

  get process(): ContainerProcess | undefined {
    return this.#process
  }

  get program(): Program {
    return this.#options.program
  }

  /** Loads the program into its first container. Rejects when the engine cannot be reached. */
  load(): Promise<LoadOutcome> {
    return this.#inTurn(() => this.#loadAnew(true))
  }

  evaluate(batch: PlacedBatch): Promise<Verdicts> {
    return this.#inTurn(async () => {
      const { id, version } = this.program
      const answer = await this.#evaluate(batch)
      return { filter: id, version, ...answer }
    })
  }

  /** Ends after the work under way; at once when it waits for an engine that is away. */
  async unload(): Promise<void> {
    if (this.#process !== undefined) await this.#turn
    await this.close()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const process = this.#process
    process?.kill('retired')
    await process?.removed
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #loadAnew(once: boolean): Promise<LoadOutcome> {
    const step: Step = { doing: 'load', limitMs: this.#options.loadMs, memoryMb: this.program.limits.memoryMb }
    for (let ends = 1; ; ends++) {
      this.#assertOpen()
      const process = await this.#options.start(this.program, this.#closing.signal, once)
      this.#adopt(process)
      const { source, fileName, reads, limits } = this.program
      const message: LoadMessage = { seq: this.#seq++, slot: SLOT, source, fileName, reads, limits }
      const result = await this.#ask(process, step, MessageKind.load, message, (kind, payload) => {
        const { seq, outcome } = readLoaded(payload)
        if (kind !== ReplyKind.loaded || seq !== message.seq)
          throw new Error('it answered something else than the load')
        return outcome
      })
      if ('answer' in result) {
        if (!result.answer.ok) await this.#leave(process)
        this.#loadedMb = process.usage.memoryMb() ?? 0
        this.#cpuMs = process.usage.cpuMs()
        return result.answer
      }
      const failure = blame(result.end, step) ?? (ends === MAX_BLAMELESS_ENDS ? endlessEnds(ends) : undefined)
      if (failure !== undefined) return { ok: false, ...failure }
    }
  }

  async #evaluate(batch: PlacedBatch): Promise<Omit<Verdicts, 'filter' | 'version'>> {
    const { limits } = this.program
    const step: Step = { doing: 'batch', limitMs: limits.batchMs, memoryMb: limits.memoryMb }
    for (let ends = 1; ; ends++) {
      if (this.#failure !== undefined) return failedVerdicts(this.#failure, 0)
      this.#assertOpen()
      if (this.#process === undefined) {
        const outcome = await this.#loadAnew(false)
        if (!outcome.ok) return this.#fail(loadFailure(outcome), 0)
      }
      const process = this.#process
      if (process === undefined) continue
      const { layout, set, message } = batch
      process.ensureLayout(layout, set)
      const asked: EvaluateMessage = { ...message, seq: this.#seq++, layout, slots: [SLOT] }
      const result = await this.#ask(process, step, MessageKind.evaluate, asked, (kind, payload) => {
        if (kind !== ReplyKind.verdicts || batchOf(payload) !== asked.seq) throw new Error('it answered another batch')
        const [record, ...more] = readVerdicts(payload, message.rows, slot => (slot === SLOT ? limits : undefined))
        if (record === undefined || more.length > 0) throw new Error('it answered with another number of verdicts')
        return record.verdicts
      })
      const cpuMs = this.#charge(process)
      if ('answer' in result) return { ...result.answer, cpuMs: cpuMs ?? Math.min(result.answer.cpuMs, limits.batchMs) }
      const failure = blame(result.end, step) ?? (ends === MAX_BLAMELESS_ENDS ? endlessEnds(ends) : undefined)
      if (failure !== undefined) return this.#fail(failure, cpuMs ?? limits.batchMs)
    }
  }

  /** CPU time since the last answer: what a filter's threads do between two batches is its own too. */
  #charge({ usage }: ContainerProcess): number | undefined {
    const before = this.#cpuMs
    this.#cpuMs = usage.cpuMs()
    return before === undefined || this.#cpuMs === undefined ? undefined : Math.max(0, this.#cpuMs - before)
  }

  #fail(failure: Failure, cpuMs: number): Omit<Verdicts, 'filter' | 'version'> {
    this.#failure = failure
    return failedVerdicts(failure, cpuMs)
  }

  /** One request to a container, with its deadline watched. */
  async #ask<T>(
    process: ContainerProcess,
    step: Step,
    ...request: Parameters<typeof process.ask<T>>
  ): Promise<Answer<T>> {
    const deadline = openDeadline(process, { limitMs: step.limitMs, fullMb: this.#fullMb(step) })
    try {
      return await process.ask(...request)
    } finally {
      deadline.close()
    }
  }

  /** Nearly all a container has; for a batch also what the loaded filter had and its limit. */
  #fullMb({ doing, memoryMb }: Step): number {
    const nearlyAll = (memoryMb + RUNTIME_MB) * NEARLY
    return doing === 'load' ? nearlyAll : Math.min(nearlyAll, this.#loadedMb + memoryMb)
  }

  #adopt(process: ContainerProcess): void {
    this.#process = process
    void this.#mourn(process)
  }

  async #mourn(process: ContainerProcess): Promise<void> {
    const end = await process.ended
    if (this.#process === process) this.#process = undefined
    if (this.#closing.signal.aborted || end.killedFor === 'retired') return
    const { id, limits } = this.program
    const failure = blame(end, { doing: 'batch', limitMs: limits.batchMs, memoryMb: limits.memoryMb })
    // Between two batches it can only have been the filter's own threads.
    if (failure !== undefined) this.#failure = failure
    const { exitCode, killedFor, detail } = end
    this.#options.logger.warn({ filter: id, exitCode, killedFor, detail, reason: failure?.reason }, 'a container ended')
    this.#options.onRestart(failure?.reason ?? killedFor ?? 'outside')
  }

  async #leave(process: ContainerProcess): Promise<void> {
    process.kill('retired')
    if (this.#process === process) this.#process = undefined
    await process.removed
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted)
      throw new SandboxError('SANDBOX_CLOSED', `Filter ${this.program.id} was unloaded while work was under way.`)
  }
}

/** A filter that was loaded once and now cannot be: for its batch that is an error of its own. */
const loadFailure = ({ reason, error }: Extract<LoadOutcome, { ok: false }>): Failure => ({
  reason: reason === 'syntax' || reason === 'no-filter' ? 'error' : reason,
  error,
})
