// What a host has been asked and has not answered yet, in order. A batch is answered when each of its filters has a verdict or a failure.
import { type PlacedBatch } from '../../protocol/placed-batch.ts'
import { failedVerdicts, type VerdictRecord } from '../../protocol/verdict-reader.ts'
import { type Failure, type LoadOutcome, type Program, type Verdicts } from '../../sandbox.ts'

/** A program and the number it is called by in its host, and in every one that takes over from that. */
export interface HostedProgram {
  readonly slot: number
  readonly program: Program
}

interface Waiting {
  readonly seq: number
  /** Whether the present host has it. */
  sent: boolean
}

export interface LoadJob extends Waiting {
  readonly kind: 'load'
  readonly hosted: HostedProgram
  settle(outcome: LoadOutcome): void
  reject(error: unknown): void
}

/** What somebody waits for: the verdicts of some filters on one batch, however many parts it was split into. */
export interface Evaluation {
  readonly verdicts: Map<string, Verdicts>
  /** Filters it was asked for. */
  readonly asked: number
  /** Filters that a host has answered for. */
  answered: number
  /** Hosts that ended at one of its parts without a filter to blame. */
  ends: number
  /** Time that hosts had for it, since it was late if it is. */
  heldMs: number
  /** It has had all the time one may have: a host that ends at a part of it is not asked for that part again. */
  isLate: boolean
  /** Parts that are not over. */
  parts: number
  settle(verdicts: Map<string, Verdicts>): void
  reject(error: unknown): void
}

/** A batch for some filters: an evaluation, or a part of one. */
export interface EvaluateJob extends Waiting {
  readonly kind: 'evaluate'
  readonly batch: PlacedBatch
  readonly evaluation: Evaluation
  /** Filters a host is asked for, by slot. */
  readonly asked: ReadonlyMap<number, HostedProgram>
  /** Those that wait for its answer; some may have failed meanwhile. When none is left, the answer is only waited for. */
  readonly unanswered: Map<number, HostedProgram>
  /** Hosts that ended at it. */
  ends: number
  /** A host ended at a larger part that it was in. */
  readonly isSuspect: boolean
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

  /** What the host is at: it does one thing after another, in the order it was told. */
  get front(): Job | undefined {
    return this.#jobs.find(job => job.sent)
  }

  addLoad(hosted: HostedProgram, first = false): { readonly job: LoadJob; readonly outcome: Promise<LoadOutcome> } {
    const { promise, resolve, reject } = Promise.withResolvers<LoadOutcome>()
    promise.catch(() => undefined)
    const job: LoadJob = { kind: 'load', seq: this.#nextSeq++, sent: false, hosted, settle: resolve, reject }
    if (first) this.#jobs.unshift(job)
    else this.#jobs.push(job)
    return { job, outcome: promise }
  }

  addEvaluate(
    batch: PlacedBatch,
    programs: readonly HostedProgram[],
  ): { readonly job: EvaluateJob; readonly verdicts: Promise<Map<string, Verdicts>> } {
    const { promise, resolve, reject } = Promise.withResolvers<Map<string, Verdicts>>()
    promise.catch(() => undefined)
    const evaluation: Evaluation = {
      verdicts: new Map(),
      asked: programs.length,
      answered: 0,
      ends: 0,
      heldMs: 0,
      isLate: false,
      parts: 0,
      settle: resolve,
      reject,
    }
    return { job: this.#addPart(batch, evaluation, programs, false), verdicts: promise }
  }

  find(seq: number): Job | undefined {
    return this.#jobs.find(job => job.seq === seq)
  }

  /** The program that some unanswered work has in a slot. */
  at(slot: number): HostedProgram | undefined {
    for (const job of this.#jobs) {
      if (job.kind === 'evaluate' && job.unanswered.has(slot)) return job.unanswered.get(slot)
      if (job.kind === 'load' && job.hosted.slot === slot) return job.hosted
    }
    return undefined
  }

  /** Resolves when no unanswered batch names the slot. */
  async withoutSlot(slot: number): Promise<void> {
    const naming = this.#jobs.filter(job => job.kind === 'evaluate' && job.unanswered.has(slot))
    await Promise.all(
      naming.map(
        job => new Promise<void>(resolve => this.#drained.set(job, [...(this.#drained.get(job) ?? []), resolve])),
      ),
    )
  }

  remove(job: Job): void {
    this.#jobs = this.#jobs.filter(other => other !== job)
    this.#tell(job)
  }

  /** Takes in a host's answer to a batch; filters it says nothing about have failed before, or were lost. */
  answer(job: EvaluateJob, records: readonly VerdictRecord[], failureOf: (program: Program) => Failure): void {
    const { evaluation, unanswered } = job
    for (const { slot, verdicts } of records) {
      const program = unanswered.get(slot)?.program
      if (program === undefined) continue
      evaluation.verdicts.set(program.id, { filter: program.id, version: program.version, ...verdicts })
      evaluation.answered++
    }
    for (const { program } of unanswered.values())
      if (!evaluation.verdicts.has(program.id))
        evaluation.verdicts.set(program.id, failed(program, failureOf(program), 0))
    const wasOpen = unanswered.size > 0
    unanswered.clear()
    this.remove(job)
    if (wasOpen) this.#closePart(evaluation)
  }

  /** Takes a failed filter out of all waiting batches; one that waits for nobody else is over. */
  drop(hosted: HostedProgram, failure: Failure, cpuMs: number): void {
    const { program, slot } = hosted
    for (const job of this.#jobs) {
      if (job.kind !== 'evaluate' || !job.unanswered.delete(slot)) continue
      job.evaluation.verdicts.set(program.id, failed(program, failure, cpuMs))
      if (job.unanswered.size === 0) this.#finish(job)
    }
  }

  /** Puts two halves in the place of a batch, behind all other work, so that whoever has nothing to do with it is answered first. */
  split(job: EvaluateJob): void {
    const all = [...job.unanswered.values()]
    const middle = Math.ceil(all.length / 2)
    this.remove(job)
    for (const half of [all.slice(0, middle), all.slice(middle)]) this.#addPart(job.batch, job.evaluation, half, true)
    job.evaluation.parts--
  }

  /** The same work, behind all other. */
  putLast(job: Job): void {
    this.#jobs = [...this.#jobs.filter(other => other !== job), job]
  }

  /** Takes filters out of all waiting batches that are evaluated elsewhere from now on; `elsewhere` gives their verdicts. */
  handOver(
    slots: ReadonlySet<number>,
    elsewhere: (batch: PlacedBatch, ids: string[]) => Promise<Map<string, Verdicts>>,
  ): void {
    for (const job of this.#jobs) {
      if (job.kind !== 'evaluate') continue
      const leaving = [...job.unanswered.values()].filter(({ slot }) => slots.has(slot))
      if (leaving.length === 0) continue
      for (const { slot } of leaving) job.unanswered.delete(slot)
      job.evaluation.parts++
      void this.#takeFrom(
        elsewhere(
          job.batch,
          leaving.map(({ program }) => program.id),
        ),
        job.evaluation,
      )
      if (job.unanswered.size === 0) this.#finish(job)
    }
  }

  /** The host that had them is gone: its answers to batches that are over will not come. */
  forgetSent(): void {
    for (const job of this.#jobs) {
      job.sent = false
      if (job.kind === 'evaluate' && job.unanswered.size === 0) this.remove(job)
    }
  }

  /** Gives all of it up. */
  rejectAll(error: unknown): void {
    for (const job of this.#jobs) {
      this.remove(job)
      if (job.kind === 'load') job.reject(error)
      else job.evaluation.reject(error)
    }
  }

  #addPart(
    batch: PlacedBatch,
    evaluation: Evaluation,
    programs: readonly HostedProgram[],
    isSuspect: boolean,
  ): EvaluateJob {
    const asked = new Map(programs.map(each => [each.slot, each]))
    const job: EvaluateJob = {
      kind: 'evaluate',
      seq: this.#nextSeq++,
      sent: false,
      batch,
      evaluation,
      asked,
      unanswered: new Map(asked),
      ends: 0,
      isSuspect,
    }
    evaluation.parts++
    this.#jobs.push(job)
    return job
  }

  /** A batch that waits for nobody: when a host has it, its answer is still to come, and must be known when it does. */
  #finish(job: EvaluateJob): void {
    if (job.sent) this.#tell(job)
    else this.remove(job)
    this.#closePart(job.evaluation)
  }

  #closePart(evaluation: Evaluation): void {
    if (--evaluation.parts === 0) evaluation.settle(evaluation.verdicts)
  }

  async #takeFrom(elsewhere: Promise<Map<string, Verdicts>>, evaluation: Evaluation): Promise<void> {
    try {
      for (const [id, verdicts] of await elsewhere) evaluation.verdicts.set(id, verdicts)
      this.#closePart(evaluation)
    } catch (error) {
      evaluation.reject(error)
    }
  }

  #tell(job: Job): void {
    for (const tell of this.#drained.get(job) ?? []) tell()
    this.#drained.delete(job)
  }
}
