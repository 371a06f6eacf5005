// One lane: a position over a stream, and the filters that share it. In: batches, from an assembler or the window of the live lane. Each is evaluated in the sandbox
// by all filters of the lane; out go commit units to the committer. Filters come and go between two batches. Why there are several lanes: README.md.
import { carries, type ColumnSet, type Failure, type Sandbox, type Verdicts } from '#sandbox'
import { columnUnion } from '../batch/column-union.ts'
import { type BatchSource, type LaneBatch } from '../batch/lane-batch.ts'
import { type Positions } from '../progress/positions.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { changesOnly, type CommitUnit } from '../publish/commit-unit.ts'
import { type Committer } from '../publish/committer.ts'
import { applyVerdicts } from '../verdicts/apply-verdicts.ts'
import { type Relearn } from './relearn.ts'
import { type RunningFilter } from './running-filter.ts'

/** For how long rows of a lane beside the live one let that one's deliveries go first: longer than those of a visit's start take. */
const YIELD_MS = 3000

export interface LaneContext {
  readonly shardState: ShardState
  readonly committer: Committer
  readonly sandbox: Sandbox
  readonly relearn: Relearn
  /** A filter of the lane reads more columns from now on. */
  readonly onLearned: (lane: Lane, runner: RunningFilter) => void
  /** A filter failed on a whole batch; it is out of the lane, which was at `before` when the batch began. */
  readonly onFailure: (lane: Lane, runner: RunningFilter, failure: Failure, before: Positions) => void
  readonly onVerdicts: (runner: RunningFilter, verdicts: Verdicts, rows: number) => void
  /** A filter has become slow; its verdicts on the batch count. */
  readonly onSlow: (lane: Lane, runner: RunningFilter) => void
  /** Ends what is over of these filters' visits; called between two batches. */
  readonly endVisits: (lane: Lane, runners: Iterable<RunningFilter>) => void
  /** Called after each batch, when positions have moved. */
  readonly onBatch: (lane: Lane, batch: LaneBatch) => void
}

export interface LaneOptions {
  readonly name: string
  readonly topic: string
  readonly writesDeadLetters: boolean
  /** Of a lane beside the live one: its deliveries wait for a moment while the live lane has some (`YIELD_MS`). */
  readonly doesYield: boolean
  readonly source: BatchSource
  /** Filters whose columns the source carries; they are in from the first packet on. */
  readonly runners: readonly RunningFilter[]
}

interface Joining {
  runner: RunningFilter
  readonly isReady: () => boolean
  /** Runs between two batches; what it returns is committed with the lane's position. */
  readonly enter: () => CommitUnit
  readonly entered: (commit: Promise<void>) => void
}

/** One lane. `run` ends when its source does, and rejects with whatever makes the shard's memory doubtful. */
export class Lane {
  readonly name: string
  readonly topic: string
  readonly #context: LaneContext
  readonly #options: LaneOptions
  readonly #active: Map<string, RunningFilter>
  #joining: Joining[] = []
  /** Filters that learned of columns which batches may not carry yet. */
  readonly #ahead = new Set<RunningFilter>()
  #evaluating: Promise<unknown> = Promise.resolve()
  #isStopped = false
  #isBusy = false

  constructor(options: LaneOptions, context: LaneContext) {
    this.name = options.name
    this.topic = options.topic
    this.#options = options
    this.#context = context
    this.#active = new Map(options.runners.map(runner => [runner.id, runner]))
  }

  get runners(): Iterable<RunningFilter> {
    return this.#active.values()
  }

  /** Whether everything that was read is evaluated. */
  get isIdle(): boolean {
    return !this.#isBusy && this.#options.source.isEmpty
  }

  get positions(): Positions {
    return this.#context.shardState.lanes.get(this.name)?.positions ?? new Map()
  }

  /**
   * Lets a filter in between two batches, as soon as batches carry its columns; a filter of the same id is replaced. `enter` changes the shard's state
   * at that moment, which waits until `isReady` says so. Resolves when that is committed: from then on the filter has a position.
   */
  join(runner: RunningFilter, enter: () => CommitUnit, isReady = (): boolean => true): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#joining = this.#joining.filter(({ runner: { id } }) => id !== runner.id)
      this.#joining.push({ runner, enter, isReady, entered: commit => void commit.then(resolve, reject) })
      this.include()
    })
  }

  /** Puts other programs in the place of filters that are in or wait here, all at once, as soon as batches carry their columns. */
  swap(runners: readonly RunningFilter[]): void {
    const mine = runners.filter(
      ({ id }) => this.#active.has(id) || this.#joining.some(({ runner }) => runner.id === id),
    )
    if (mine.length === 0) return
    for (const runner of mine) {
      const waiting = this.#joining.find(joining => joining.runner.id === runner.id)
      if (waiting === undefined)
        this.#joining.push({ runner, isReady: () => true, enter: () => changesOnly(), entered: ignore })
      else waiting.runner = runner
    }
    this.include()
  }

  /** Asks the source for the columns of all filters that are in or wait. */
  include(): void {
    const all = [...this.#active.values(), ...this.#joining.map(({ runner }) => runner)]
    this.#options.source.include(columnUnion(all.map(({ program }) => program.reads)))
  }

  /** Whether a filter waits to be let in. */
  expects(filter: string): boolean {
    return this.#joining.some(({ runner }) => runner.id === filter)
  }

  /** Takes a filter out at once: verdicts that are being made no longer count. */
  dismiss(filter: string): void {
    for (const runner of this.#ahead) if (runner.id === filter) this.#ahead.delete(runner)
    this.#active.delete(filter)
    this.#joining = this.#joining.filter(({ runner }) => runner.id !== filter)
  }

  /** Takes a filter out at once, and resolves when nothing is being evaluated that it was asked about. */
  async leave(filter: string): Promise<void> {
    this.dismiss(filter)
    await this.#evaluating.catch(() => undefined)
  }

  /** Ends the lane: a batch that is being evaluated does not count. */
  stop(): void {
    this.#isStopped = true
    this.#active.clear()
  }

  async run(): Promise<void> {
    const { source } = this.#options
    for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
      this.#isBusy = true
      await this.#context.committer.waitForRoom(this.#options.doesYield)
      if (this.#isStopped) return batch.release()
      this.#enter(batch.set)
      await this.#process(batch)
      this.#isBusy = false
      if (this.#isStopped) return
      this.#context.endVisits(this, this.#active.values())
    }
  }

  /** Has the source hand out a batch now, even an empty one: what happens between two batches (filters that join, visits that end) then happens although no packet comes. */
  poke(): void {
    this.#options.source.poke()
  }

  /** Whether a filter is in this lane and has not been replaced. */
  has(runner: RunningFilter): boolean {
    return this.#active.get(runner.id) === runner
  }

  #enter(set: ColumnSet): void {
    const due = this.#joining.filter(({ runner, isReady }) => carries(set, runner.program.reads) && isReady())
    if (due.length === 0) return
    this.#joining = this.#joining.filter(joining => !due.includes(joining))
    for (const { runner, enter, entered } of due) {
      this.#active.set(runner.id, runner)
      const unit = enter()
      unit.changes.set(...this.#context.shardState.laneChange(this.name))
      entered(this.#context.committer.commitNow([unit]))
    }
  }

  async #process(batch: LaneBatch): Promise<void> {
    const { shardState, committer, onBatch, onSlow } = this.#context
    const runners = [...this.#active.values()]
    const evaluating = this.#evaluate(runners, batch)
    this.#evaluating = evaluating
    const { verdicts, lessons } = await evaluating
    const { kept, theirs } = this.#judge(runners, verdicts, batch.columns?.rows ?? 0)
    if (this.#isStopped) return batch.release()
    const units = applyVerdicts(batch.entries, kept, theirs, {
      shardState,
      lane: this.name,
      topic: this.topic,
      writesDeadLetters: this.#options.writesDeadLetters,
      nowMs: Date.now(),
    })
    const rank = this.#options.doesYield ? { untilMs: performance.now() + YIELD_MS } : 'live'
    for (const unit of units) unit.rank = rank
    const logs = [...logsOf(kept, theirs), ...lessons.flatMap(({ runner, told }) => logOf(runner, [told]))]
    if (logs.length > 0) units.at(-1)?.logs.push(...logs)
    for (const { runner } of lessons) units.at(-1)?.changes.set(...shardState.filterChange(runner.id))
    batch.release()
    if (batch.entries.length > 0) committer.push(units)
    theirs.forEach(({ isSlow }, index) => {
      const runner = kept[index]
      if (isSlow === true && runner !== undefined) onSlow(this, runner)
    })
    onBatch(this, batch)
  }

  /** Verdicts in the order of the runners; a filter that reached more than the batch carries is asked again, alone, with that. */
  async #evaluate(runners: readonly RunningFilter[], batch: LaneBatch): Promise<Evaluation> {
    const { columns } = batch
    if (columns === undefined) return { verdicts: [], lessons: [] }
    const { sandbox, relearn } = this.#context
    const ready = this.#ahead.size === 0 ? runners : runners.filter(runner => this.#suffices(batch, runner))
    const programs = ready.map(({ program }) => program.id)
    const answers = programs.length === 0 ? [] : await sandbox.evaluate(columns, programs)
    if (ready === runners && answers.every(({ wants }) => wants === undefined))
      return { verdicts: answers, lessons: [] }

    const answerOf = new Map(ready.map((runner, index) => [runner, answers[index]]))
    const lessons: { readonly runner: RunningFilter; readonly told: string }[] = []
    for (const runner of runners) {
      const first = answerOf.get(runner)
      if ((first !== undefined && first.wants === undefined) || !this.has(runner)) continue
      const { verdicts, told } = await relearn(runner, batch, { isIn: () => this.has(runner), first })
      answerOf.set(runner, verdicts)
      if (told === undefined) continue
      this.#ahead.add(runner)
      lessons.push({ runner, told })
    }
    if (lessons.length > 0 && !this.#isStopped) this.include()
    for (const { runner } of lessons) if (this.has(runner)) this.#context.onLearned(this, runner)
    return { verdicts: runners.map(runner => answerOf.get(runner)), lessons }
  }

  /** Whether a batch carries what a filter has learned. */
  #suffices({ set }: LaneBatch, runner: RunningFilter): boolean {
    if (!this.#ahead.has(runner)) return true
    if (!carries(set, runner.program.reads)) return false
    this.#ahead.delete(runner)
    return true
  }

  /** Who is still in the lane and has verdicts. Whoever failed is taken out, its position being where this batch begins. */
  #judge(
    runners: readonly RunningFilter[],
    verdicts: readonly (Verdicts | undefined)[],
    rows: number,
  ): { kept: RunningFilter[]; theirs: Verdicts[] } {
    const kept: RunningFilter[] = []
    const theirs: Verdicts[] = []
    verdicts.forEach((verdict, index) => {
      const runner = runners[index]
      if (verdict === undefined || runner === undefined || !this.has(runner)) return
      this.#context.onVerdicts(runner, verdict, rows)
      if (verdict.failure === undefined) {
        kept.push(runner)
        theirs.push(verdict)
      } else {
        this.#active.delete(runner.id)
        this.#context.onFailure(this, runner, verdict.failure, new Map(this.positions))
      }
    })
    return { kept, theirs }
  }
}

interface Evaluation {
  /** Undefined for one that has left meanwhile. */
  readonly verdicts: readonly (Verdicts | undefined)[]
  readonly lessons: readonly { readonly runner: RunningFilter; readonly told: string }[]
}

/** The committer itself reports a commit that failed. */
const ignore = (commit: Promise<void>): void => void commit.catch(() => undefined)

const logsOf = (runners: readonly RunningFilter[], verdicts: readonly Verdicts[]): CommitUnit['logs'] =>
  verdicts.flatMap(({ logs, logsDropped }, index) => {
    const runner = runners[index]
    return runner === undefined || (logs.length === 0 && logsDropped === 0) ? [] : logOf(runner, logs, logsDropped)
  })

const logOf = ({ id, version }: RunningFilter, lines: readonly string[], dropped = 0): CommitUnit['logs'] => [
  { filter: id, version, lines, dropped, at: new Date().toISOString() },
]
