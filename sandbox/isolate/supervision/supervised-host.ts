// One host process with its filters. In come programs and batches, out come verdicts, whatever the process does: when it ends, the guilty filter is found by the last
// intent, a fresh process takes over with the others, and the work is run again. Verdicts are deterministic, so a rerun changes nothing.
import { type Logger } from 'pino'
import { SandboxError } from '../../errors.ts'
import { loadMessage } from '../../protocol/load-message.ts'
import { type PlacedBatch } from '../../protocol/placed-batch.ts'
import { batchOf, failedVerdicts, loadOf, readLoaded, readVerdicts } from '../../protocol/verdict-reader.ts'
import { type EvaluateMessage, MessageKind, ReplyKind } from '../../protocol/wire.ts'
import { type Failure, type LoadOutcome, type Program, type Verdicts } from '../../sandbox.ts'
import { mailboxMb } from '../process/filter-memory.ts'
import { type HostEnd, type HostProcess } from '../process/host-process.ts'
import { blame, chargedMs, isOfMemory } from './blame.ts'
import { prepare } from './takeover.ts'
import { afterEnd, afterEndOfLoad, failureOf, PATIENCE, type Patience, type Step } from './unblamed-end.ts'
import { openWatchdog } from './watchdog.ts'
import { type EvaluateJob, type Job, type LoadJob, type HostedProgram, WorkList } from './work-list.ts'

export interface SupervisedHostOptions {
  /** A host that is ready and proved. */
  readonly takeHost: () => Promise<HostProcess>
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
  /** The host was ended for the memory of all its filters: another host for these of them, or nothing when there are as many hosts as there may be. */
  readonly relief: (filters: readonly string[]) => SupervisedHost | undefined
  /** Default: PATIENCE. */
  readonly patience?: Patience
}

/** A fresh host with the same filters. */
interface Successor {
  readonly host: HostProcess
  readonly slots: ReadonlySet<number>
}

const LOST: Failure = { reason: 'protocol', error: { message: 'its host lost it; load it again' } }

const howItEnded = (end: HostEnd): string => end.killedFor ?? end.signal ?? `code ${end.code}`

export class SupervisedHost {
  readonly #options: SupervisedHostOptions
  readonly #programs = new Map<string, HostedProgram>()
  readonly #failed = new Map<string, Failure>()
  readonly #loading = new Map<string, Promise<LoadOutcome>>()
  readonly #work = new WorkList()
  readonly #watchdog: ReturnType<typeof openWatchdog>
  /** Hosts that ended while they loaded it. */
  readonly #loadEnds = new WeakMap<HostedProgram, number>()
  #host: HostProcess | undefined
  /** Takes over as soon as the present host has answered. */
  #successor: Successor | undefined
  #starting = false
  #rotating = false
  #nextSlot = 0
  /** The present host has loaded a program. */
  #hasLoaded = false
  #closed = false

  constructor(options: SupervisedHostOptions) {
    this.#options = options
    this.#watchdog = openWatchdog(this.#work, () => this.#host, options.patience ?? PATIENCE)
  }

  get process(): HostProcess | undefined {
    return this.#host
  }

  async load(program: Program): Promise<LoadOutcome> {
    this.#failed.delete(program.id)
    const { job, outcome } = this.#work.addLoad({ slot: this.#nextSlot++, program })
    this.#loading.set(program.id, outcome)
    this.#dispatch(job)
    try {
      return await outcome
    } finally {
      if (this.#loading.get(program.id) === outcome) this.#loading.delete(program.id)
    }
  }

  /** Waits for the work under way that names it. */
  async unload(filter: string): Promise<void> {
    await Promise.allSettled([this.#loading.get(filter)])
    const hosted = this.#programs.get(filter)
    if (hosted === undefined) return
    await this.#work.withoutSlot(hosted.slot)
    if (this.#programs.get(filter) !== hosted) return
    this.#programs.delete(filter)
    this.#host?.send(MessageKind.unload, { slot: hosted.slot })
  }

  /** Verdicts of filters loaded here, or that come here from another host. A filter that failed meanwhile answers with that failure. */
  async evaluate(batch: PlacedBatch, filters: readonly string[]): Promise<Map<string, Verdicts>> {
    const coming = filters.flatMap(id => (this.#programs.has(id) ? [] : (this.#loading.get(id) ?? [])))
    if (coming.length > 0) await Promise.all(coming)
    const hosted = filters.flatMap(id => this.#programs.get(id) ?? [])
    const missing = filters.filter(id => !this.#programs.has(id))
    let verdicts = new Map<string, Verdicts>()
    if (hosted.length > 0) {
      const added = this.#work.addEvaluate(batch, hosted)
      this.#dispatch(added.job)
      verdicts = await added.verdicts
    }
    for (const id of missing)
      verdicts.set(id, { filter: id, version: 0, ...failedVerdicts(this.#failed.get(id) ?? LOST, 0) })
    return verdicts
  }

  /** Replaces the host by a fresh one between two batches; the present one works until then. Does nothing when that fails. */
  async rotate(): Promise<void> {
    if (this.#closed || this.#rotating || this.#host === undefined) return
    this.#rotating = true
    try {
      const host = await this.#options.takeHost()
      const slots = await prepare(host, [...this.#programs.values()])
      if (slots === undefined || this.#closed) return host.kill('retired')
      this.#successor = { host, slots }
      if (!this.#work.anySent) this.#succeed()
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'a planned restart of an isolate host was put off')
    } finally {
      this.#rotating = false
    }
  }

  /** Gives up what is under way and ends the host. */
  close(): void {
    this.#closed = true
    this.#watchdog.rest()
    const hosts = [this.#host, this.#successor?.host]
    this.#host = undefined
    this.#work.rejectAll(new SandboxError('SANDBOX_CLOSED', 'The sandbox was closed while work was under way.'))
    for (const host of hosts) host?.kill('retired')
  }

  #dispatch(job: Job): void {
    if (this.#closed) this.#work.rejectAll(new SandboxError('SANDBOX_CLOSED', 'The sandbox is closed; open a new one.'))
    else if (this.#host === undefined) void this.#start()
    // Work that comes while a successor waits is the successor's.
    else if (this.#successor === undefined) this.#send(this.#host, job)
  }

  #send(host: HostProcess, job: Job): void {
    this.#watchdog.begin()
    job.sent = true
    if (job.kind === 'load')
      return host.send(MessageKind.load, loadMessage(job.seq, job.hosted.slot, job.hosted.program))
    const { layout, set, message } = job.batch
    host.ensureLayout(layout, set)
    host.send(MessageKind.evaluate, {
      ...message,
      layout,
      seq: job.seq,
      slots: [...job.unanswered.keys()],
    } satisfies EvaluateMessage)
  }

  /** Gets a host and gives it the filters and the work; again when that one ends meanwhile. */
  async #start(): Promise<void> {
    if (this.#starting) return
    this.#starting = true
    try {
      const host = await this.#options.takeHost()
      if (this.#closed) host.kill('retired')
      else this.#adopt(host, new Set())
    } catch (error) {
      this.#work.rejectAll(error)
    } finally {
      this.#starting = false
    }
  }

  /** Makes a host the present one: loads what it lacks, sends what waits. */
  #adopt(host: HostProcess, loadedSlots: ReadonlySet<number>): void {
    this.#host = host
    this.#hasLoaded = loadedSlots.size > 0
    host.onReply((kind, payload) => this.#onReply(kind, payload))
    void this.#followEnd(host)
    const loading = new Set(this.#work.all.flatMap(job => (job.kind === 'load' ? [job.hosted.slot] : [])))
    for (const hosted of this.#programs.values())
      if (!loadedSlots.has(hosted.slot) && !loading.has(hosted.slot)) this.#work.addLoad(hosted, true)
    for (const job of this.#work.all) this.#send(host, job)
  }

  async #followEnd(host: HostProcess): Promise<void> {
    this.#onEnd(host, await host.ended)
  }

  #succeed(): void {
    const successor = this.#successor
    if (successor === undefined) return
    const old = this.#host
    this.#takeOver(successor)
    old?.retire()
    this.#options.onRestart('planned')
  }

  /** Makes a successor the present host, without what was unloaded since it was made. */
  #takeOver({ host, slots }: Successor): void {
    this.#successor = undefined
    this.#adopt(host, slots)
    const present = new Set([...this.#programs.values()].map(({ slot }) => slot))
    for (const slot of slots) if (!present.has(slot)) host.send(MessageKind.unload, { slot })
  }

  #onReply(kind: number, payload: Buffer): void {
    if (kind === ReplyKind.loaded) this.#onLoaded(payload)
    else if (kind === ReplyKind.verdicts) this.#onVerdicts(payload)
    else throw new Error(`a reply of the unknown kind ${kind}`)
    if (this.#successor !== undefined && !this.#work.anySent) this.#succeed()
  }

  #onVerdicts(payload: Buffer): void {
    const job = this.#work.front
    if (job?.kind !== 'evaluate' || job.seq !== batchOf(payload)) throw new Error('verdicts of another batch')
    const records = readVerdicts(payload, job.batch.message.rows, slot => job.asked.get(slot)?.program)
    const failing = records.flatMap(({ slot, verdicts: { failure, cpuMs } }) => {
      const hosted = job.unanswered.get(slot)
      return hosted === undefined || failure === undefined ? [] : [{ hosted, failure, cpuMs }]
    })
    this.#work.answer(job, records, program => this.#failed.get(program.id) ?? LOST)
    for (const { hosted, failure, cpuMs } of failing) {
      this.#drop(hosted, failure, cpuMs)
      this.#host?.send(MessageKind.unload, { slot: hosted.slot })
    }
  }

  #onLoaded(payload: Buffer): void {
    const job = this.#work.front
    if (job?.kind !== 'load' || job.seq !== loadOf(payload)) throw new Error('an answer to another load')
    const outcome = readLoaded(payload)
    const { hosted } = job
    this.#work.remove(job)
    this.#hasLoaded = true
    this.#loadEnds.delete(hosted)
    if (outcome.ok) this.#programs.set(hosted.program.id, hosted)
    else {
      const reason = outcome.reason === 'syntax' || outcome.reason === 'no-filter' ? 'error' : outcome.reason
      this.#drop(hosted, { reason, error: outcome.error }, 0)
      this.#host?.send(MessageKind.unload, { slot: hosted.slot })
    }
    job.settle(outcome)
  }

  /** Takes a filter out of everything after it failed. */
  #drop(hosted: HostedProgram, failure: Failure, cpuMs: number): void {
    const { id } = hosted.program
    this.#failed.set(id, failure)
    if (this.#programs.get(id) === hosted) this.#programs.delete(id)
    this.#work.drop(hosted, failure, cpuMs)
  }

  #onEnd(host: HostProcess, end: HostEnd): void {
    if (this.#host !== host || this.#closed) return
    this.#host = undefined
    const { front } = this.#work
    const hosted = this.#work.at(end.intent.slot)
    const failure = hosted && blame(end, hosted.program.limits, this.#grownMb(hosted, end))
    const stderr = end.stderr.trim().slice(-1000)
    const found = { filter: failure && hosted.program.id, reason: failure?.reason }
    this.#options.logger.warn({ end: howItEnded(end), ...found, stderr }, 'an isolate host ended')
    this.#options.onRestart(failure?.reason ?? end.killedFor ?? 'outside')
    this.#work.forgetSent()
    if (hosted !== undefined && failure !== undefined)
      this.#convict(hosted, failure, chargedMs(end, hosted.program.limits))
    else if (!(isOfMemory(end) && this.#relieve(front)) && front !== undefined) this.#afterBlamelessEnd(end, front)
    // Loads of filters that were loaded already are made anew for the next host.
    for (const job of this.#work.all)
      if (job.kind === 'load' && this.#programs.get(job.hosted.program.id) === job.hosted) this.#work.remove(job)
    if (this.#successor !== undefined) this.#takeOver(this.#successor)
    else if (this.#work.all.length > 0 || this.#programs.size > 0) void this.#start()
  }

  /** How much the host grew while a filter ran: its mailbox, which is filled for the first time in a fresh host, is no growth of its doing. */
  #grownMb({ program }: HostedProgram, { intent }: HostEnd): number {
    return this.#watchdog.grownMb(intent) - mailboxMb(program.reads)
  }

  #afterBlamelessEnd(end: HostEnd, front: Job): void {
    if (front.kind === 'load') {
      const ends = (this.#loadEnds.get(front.hosted) ?? 0) + 1
      this.#loadEnds.set(front.hosted, ends)
      this.#take(afterEndOfLoad(end, ends, this.#hasLoaded), front, end, ends)
      return
    }
    const { evaluation, unanswered } = front
    if (unanswered.size === 0) return
    const ends = ++front.ends
    evaluation.ends++
    const { asked, isLate } = evaluation
    const trouble = { ends, filters: unanswered.size, asked, endsInAll: evaluation.ends, isLate }
    this.#take(afterEnd(end, { ...trouble, othersAnswered: evaluation.answered > 0 }), front, end, ends)
  }

  #take(step: Step, job: Job, end: HostEnd, ends: number): void {
    if (step === 'give-up') return this.#giveUp(end)
    if (step === 'again') return this.#work.putLast(job)
    if (step === 'split' && job.kind === 'evaluate') return this.#work.split(job)
    const guilty = job.kind === 'load' ? [job.hosted] : [...job.unanswered.values(), ...this.#lateBeside(job)]
    for (const hosted of guilty) this.#convict(hosted, failureOf(end, ends, hosted.program.limits), 0)
  }

  /** When an evaluation is late, all parts of it that a host ended at are over; the others still have time. */
  #lateBeside({ evaluation }: EvaluateJob): HostedProgram[] {
    if (!evaluation.isLate) return []
    const others = this.#work.all.filter(job => job.kind === 'evaluate' && job.evaluation === evaluation)
    return (others as EvaluateJob[])
      .filter(({ isSuspect, ends }) => isSuspect || ends > 0)
      .flatMap(({ unanswered }) => [...unanswered.values()])
  }

  /** Half of the filters go to a host of their own, with their part of all waiting work. */
  #relieve(front: Job | undefined): boolean {
    const all = [...this.#programs.values()]
    const staying = front?.kind === 'load' && !all.includes(front.hosted) ? all.length >> 1 : Math.ceil(all.length / 2)
    const leaving = all.slice(staying)
    const to = leaving.length === 0 ? undefined : this.#options.relief(leaving.map(({ program }) => program.id))
    if (to === undefined) return false
    for (const { program } of leaving) this.#programs.delete(program.id)
    // One that cannot be loaded there fails when it is evaluated.
    for (const { program } of leaving) to.load(program).catch(() => undefined)
    this.#work.handOver(new Set(leaving.map(({ slot }) => slot)), (batch, ids) => to.evaluate(batch, ids))
    const filters = leaving.length
    this.#options.logger.warn({ filters }, 'a host had no memory for all its filters; half of them got another')
    return true
  }

  #convict(hosted: HostedProgram, failure: Failure, cpuMs: number): void {
    const loading = this.#work.all.filter(job => job.kind === 'load' && job.hosted === hosted) as LoadJob[]
    this.#drop(hosted, failure, cpuMs)
    for (const job of loading) {
      this.#work.remove(job)
      job.settle({ ok: false, ...failure })
    }
  }

  #giveUp(end: HostEnd): void {
    const message = `Isolate hosts end again and again without a filter to blame, last by ${howItEnded(end)}: ${end.stderr.trim().slice(-1000)}`
    this.#work.rejectAll(new SandboxError('SANDBOX_HOST_DYING', message))
  }
}
