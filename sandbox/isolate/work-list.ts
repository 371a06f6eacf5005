// What a seat has been asked and has not answered yet, in order. A batch is answered when each of its filters has a verdict or a failure.
import { type ColumnSet } from '../batch.ts'
import { type Failure, type LoadOutcome, type Program, type Verdicts } from '../sandbox.ts'
import { type EvaluateMessage } from '../wire.ts'
import { failedVerdicts, type VerdictRecord } from './verdict-reader.ts'

/** A batch in the ring, as far as a seat needs it. */
export interface PlacedBatch {
  readonly layout: number
  readonly set: ColumnSet
  readonly message: Omit<EvaluateMessage, 'seq' | 'slots' | 'layout'>
}

/** A program and the number it has in every host of its seat. */
export interface Seated {
  readonly slot: number
  readonly program: Program
}

interface Waiting<T> {
  readonly seq: number
  /** Whether the present host has it. */
  sent: boolean
  settle(value: T): void
  reject(error: unknown): void
}

export interface LoadJob extends Waiting<LoadOutcome> {
  readonly kind: 'load'
  readonly seated: Seated
}

export interface EvaluateJob extends Waiting<Map<string, Verdicts>> {
  readonly kind: 'evaluate'
  readonly batch: PlacedBatch
  /** Filters still to be answered or answered by the host, by slot. */
  readonly seated: Map<number, Seated>
  readonly verdicts: Map<string, Verdicts>
}

export type Job = LoadJob | EvaluateJob

const failed = ({ id, version }: Program, failure: Failure, cpuMs: number): Verdicts => ({
  filter: id,
  version,
  ...failedVerdicts(failure, cpuMs),
})

/** The list, and the rules for taking filters out of it. */
export class WorkList {
  #jobs: Job[] = []
  #nextSeq = 0
  readonly #drained = new Map<Job, (() => void)[]>()

  get all(): readonly Job[] {
    return this.#jobs
  }

  get anySent(): boolean {
    return this.#jobs.some(job => job.sent)
  }

  addLoad(seated: Seated, first = false): { readonly job: LoadJob; readonly outcome: Promise<LoadOutcome> } {
    const { promise, resolve, reject } = Promise.withResolvers<LoadOutcome>()
    promise.catch(() => undefined)
    const job: LoadJob = { kind: 'load', seq: this.#nextSeq++, sent: false, seated, settle: resolve, reject }
    if (first) this.#jobs.unshift(job)
    else this.#jobs.push(job)
    return { job, outcome: promise }
  }

  addEvaluate(
    batch: PlacedBatch,
    programs: readonly Seated[],
  ): { readonly job: EvaluateJob; readonly verdicts: Promise<Map<string, Verdicts>> } {
    const { promise, resolve, reject } = Promise.withResolvers<Map<string, Verdicts>>()
    promise.catch(() => undefined)
    const seated = new Map(programs.map(each => [each.slot, each]))
    const job: EvaluateJob = {
      kind: 'evaluate',
      seq: this.#nextSeq++,
      sent: false,
      batch,
      seated,
      verdicts: new Map(),
      settle: resolve,
      reject,
    }
    this.#jobs.push(job)
    return { job, verdicts: promise }
  }

  find(seq: number): Job | undefined {
    return this.#jobs.find(job => job.seq === seq)
  }

  /** The program that some unanswered work has in a slot. */
  at(slot: number): Seated | undefined {
    for (const job of this.#jobs) {
      if (job.kind === 'evaluate' && job.seated.has(slot)) return job.seated.get(slot)
      if (job.kind === 'load' && job.seated.slot === slot) return job.seated
    }
    return undefined
  }

  /** Resolves when no unanswered batch names the slot. */
  async withoutSlot(slot: number): Promise<void> {
    const naming = this.#jobs.filter(job => job.kind === 'evaluate' && job.seated.has(slot))
    await Promise.all(
      naming.map(
        job => new Promise<void>(resolve => this.#drained.set(job, [...(this.#drained.get(job) ?? []), resolve])),
      ),
    )
  }

  remove(job: Job): void {
    this.#jobs = this.#jobs.filter(other => other !== job)
    for (const tell of this.#drained.get(job) ?? []) tell()
    this.#drained.delete(job)
  }

  /** Takes in a host's answer to a batch; filters it says nothing about have failed before, or were lost. */
  answer(job: EvaluateJob, records: readonly VerdictRecord[], failureOf: (program: Program) => Failure): void {
    for (const { slot, verdicts } of records) {
      const program = job.seated.get(slot)?.program
      if (program !== undefined)
        job.verdicts.set(program.id, { filter: program.id, version: program.version, ...verdicts })
    }
    for (const { program } of job.seated.values())
      if (!job.verdicts.has(program.id)) job.verdicts.set(program.id, failed(program, failureOf(program), 0))
    this.remove(job)
    job.settle(job.verdicts)
  }

  /** Takes a failed filter out of all waiting batches; a batch that waits for nobody else is answered. */
  drop(seated: Seated, failure: Failure, cpuMs: number): void {
    const { program, slot } = seated
    for (const job of this.#jobs) {
      if (job.kind !== 'evaluate' || !job.seated.delete(slot)) continue
      job.verdicts.set(program.id, failed(program, failure, cpuMs))
      if (job.seated.size > 0) continue
      this.remove(job)
      job.settle(job.verdicts)
    }
  }

  /** Gives all of it up. */
  rejectAll(error: unknown): void {
    for (const job of this.#jobs) {
      this.remove(job)
      job.reject(error)
    }
  }
}
