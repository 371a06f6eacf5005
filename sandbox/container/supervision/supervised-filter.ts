// One filter in a container. In come batches, one after another, out come its verdicts, whatever the container does: a filter that ended it has failed; otherwise a
// new container takes over and the batch is run again. Verdicts are deterministic and only one answer is taken, so none is lost or doubled.
import { SandboxError } from '../../errors.ts'
import { loadMessage } from '../../protocol/load-message.ts'
import { type PlacedBatch } from '../../protocol/placed-batch.ts'
import { batchOf, failedVerdicts, loadOf, readLoaded, readVerdicts } from '../../protocol/verdict-reader.ts'
import { type EvaluateMessage, MessageKind, ReplyKind } from '../../protocol/wire.ts'
import { type Failure, type LoadOutcome, type Program, type Verdicts } from '../../sandbox.ts'
import { openPaces } from '../../slow-filters.ts'
import { type Answer, type ContainerProcess } from '../process/container-process.ts'
import { containerMb } from '../process/memory-limit.ts'
import { blame, type Step } from './blame.ts'
import { type SharedContainer, type ContainedFilter } from './shared-container.ts'
import { endlessEnds } from './unblamed-end.ts'
import { openWatchdog } from './watchdog.ts'

const NEARLY = 0.9

export interface SupervisedFilterOptions {
  readonly program: Program
  readonly container: SharedContainer
  readonly loadMs: number
}

export class SupervisedFilter implements ContainedFilter {
  readonly slot: number
  readonly #options: SupervisedFilterOptions
  readonly #closing = new AbortController()
  /** The container that has it loaded. */
  #loadedIn: ContainerProcess | undefined
  #failure: Failure | undefined
  #seq = 0
  #loadedMb = 0
  #cpuMs: number | undefined
  readonly #paces = openPaces()
  #isSlow = false

  constructor(options: SupervisedFilterOptions) {
    this.#options = options
    this.slot = options.container.newSlot()
    options.container.add(this)
  }

  get process(): ContainerProcess | undefined {
    return this.#container.process
  }

  get program(): Program {
    return this.#options.program
  }

  get #container(): SharedContainer {
    return this.#options.container
  }

  failedBetween(failure: Failure): void {
    this.#failure = failure
  }

  /** Loads the program into its first container. Rejects when the engine cannot be reached. */
  load(): Promise<LoadOutcome> {
    return this.#container.inTurn(this, () => this.#loadAnew(true))
  }

  evaluate(batch: PlacedBatch): Promise<Verdicts> {
    return this.#container.inTurn(this, async () => {
      const { id, version } = this.program
      const answer = await this.#evaluate(batch)
      return { filter: id, version, ...answer }
    })
  }

  /** Ends after the work under way; at once when it waits for an engine that is away. */
  async unload(): Promise<void> {
    if (this.process !== undefined) await this.#container.turn
    await this.close()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#container.remove(this)
  }

  async #loadAnew(once: boolean): Promise<LoadOutcome> {
    const step: Step = { doing: 'load', limitMs: this.#options.loadMs, memoryMb: this.program.limits.memoryMb }
    for (let ends = 1; ; ends++) {
      this.#assertOpen()
      const process = await this.#container.take(this.#closing.signal, once)
      if (this.#isSlow) void process.slowDown()
      const message = loadMessage(this.#seq++, this.slot, this.program)
      const result = await this.#ask(process, step, MessageKind.load, message, (kind, payload) => {
        if (kind !== ReplyKind.loaded || loadOf(payload) !== message.seq)
          throw new Error('it answered something else than the load')
        return readLoaded(payload)
      })
      if ('answer' in result) {
        if (result.answer.ok) this.#loadedIn = process
        else await this.#container.refuse(this)
        this.#loadedMb = process.usage.memoryMb() ?? 0
        this.#cpuMs = process.usage.cpuMs()
        return result.answer
      }
      const failure = blame(result.end, step) ?? endlessEnds(result.end, ends, step)
      if (failure !== undefined) return { ok: false, ...failure }
    }
  }

  async #evaluate(batch: PlacedBatch): Promise<Omit<Verdicts, 'filter' | 'version'>> {
    const { limits } = this.program
    const step: Step = { doing: 'batch', limitMs: limits.batchMs, memoryMb: limits.memoryMb }
    for (let ends = 1; ; ends++) {
      if (this.#failure !== undefined) return failedVerdicts(this.#failure, 0)
      this.#assertOpen()
      if (this.process === undefined || this.process !== this.#loadedIn) {
        const outcome = await this.#loadAnew(false)
        if (!outcome.ok) return this.#fail(loadFailure(outcome), 0)
      }
      const process = this.process
      if (process === undefined) continue
      // Since its last batch others may have been asked.
      this.#cpuMs = this.#container.isShared ? process.usage.cpuMs() : this.#cpuMs
      const { layout, set, message } = batch
      process.ensureLayout(layout, set)
      const asked: EvaluateMessage = { ...message, seq: this.#seq++, layout, slots: [this.slot] }
      const result = await this.#ask(process, step, MessageKind.evaluate, asked, (kind, payload) => {
        if (kind !== ReplyKind.verdicts || batchOf(payload) !== asked.seq) throw new Error('it answered another batch')
        const [record, ...more] = readVerdicts(payload, message.rows, slot =>
          slot === this.slot ? this.program : undefined,
        )
        if (record === undefined || more.length > 0) throw new Error('it answered with another number of verdicts')
        return record.verdicts
      })
      const cpuMs = this.#charge(process)
      if (cpuMs !== undefined) this.#notePace(process, message.rows, cpuMs)
      if ('answer' in result) {
        const { answer } = result
        this.#failure = answer.failure
        return { ...answer, cpuMs: cpuMs ?? Math.min(answer.cpuMs, limits.batchMs) }
      }
      const failure = blame(result.end, step) ?? endlessEnds(result.end, ends, step)
      if (failure !== undefined) return this.#fail(failure, cpuMs ?? limits.batchMs)
    }
  }

  /** CPU time since the last answer: what a filter's threads do between two batches is its own too. */
  #charge({ usage }: ContainerProcess): number | undefined {
    const before = this.#cpuMs
    this.#cpuMs = usage.cpuMs()
    return before === undefined || this.#cpuMs === undefined ? undefined : Math.max(0, this.#cpuMs - before)
  }

  /** A slow filter gives way to its neighbours, from the batch in which it turned slow. */
  #notePace(process: ContainerProcess, rows: number, cpuMs: number): void {
    if (this.#isSlow || !this.#paces.isSlowAfter(this.program.id, rows, cpuMs)) return
    this.#isSlow = true
    void process.slowDown()
  }

  #fail(failure: Failure, cpuMs: number): Omit<Verdicts, 'filter' | 'version'> {
    this.#failure = failure
    return failedVerdicts(failure, cpuMs)
  }

  /** One request to a container, watched. */
  async #ask<T>(
    process: ContainerProcess,
    step: Step,
    ...request: Parameters<typeof process.ask<T>>
  ): Promise<Answer<T>> {
    const watchdog = openWatchdog(process, { limitMs: step.limitMs, fullMb: this.#fullMb(step) })
    try {
      return await process.ask(...request)
    } finally {
      watchdog.close()
    }
  }

  /** Nearly all a container has; for a batch also what the loaded filter had and its limit. */
  #fullMb({ doing, memoryMb }: Step): number {
    const nearlyAll = containerMb(memoryMb) * NEARLY
    return doing === 'load' ? nearlyAll : Math.min(nearlyAll, this.#loadedMb + memoryMb)
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
