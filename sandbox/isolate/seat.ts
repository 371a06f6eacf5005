// One place for a host process in a cordon: its filters, its work under way, and what happens when the process ends: the guilty filter is found by the
// last intent, a fresh process takes over with the others, and the work is run again. Verdicts are deterministic, so a rerun changes nothing.
import { type Logger } from 'pino'
import { type ColumnSet } from '../batch.ts'
import { SandboxError } from '../errors.ts'
import { type Failure, type LoadOutcome, type Program, type Verdicts } from '../sandbox.ts'
import { type EvaluateMessage, type LoadedReply, type LoadMessage, MessageKind, ReplyKind } from '../wire.ts'
import { blame } from './blame.ts'
import { type HostEnd, type HostProcess } from './host-process.ts'
import { batchOf, failedVerdicts, readVerdicts } from './verdict-reader.ts'
import { openWatch, WATCH_MS } from './watch.ts'

/** A batch in the ring, as far as a seat needs it. */
export interface PlacedBatch {
  readonly layout: number
  readonly set: ColumnSet
  readonly message: Omit<EvaluateMessage, 'seq' | 'slots' | 'layout'>
}

interface Seated {
  readonly slot: number
  readonly program: Program
}

interface LoadJob {
  readonly kind: 'load'
  readonly seq: number
  readonly seated: Seated
  settle(outcome: LoadOutcome): void
  reject(error: unknown): void
}

interface EvaluateJob {
  readonly kind: 'evaluate'
  readonly seq: number
  readonly batch: PlacedBatch
  readonly seated: Map<number, Seated>
  readonly verdicts: Map<string, Verdicts>
  settle(verdicts: Map<string, Verdicts>): void
  reject(error: unknown): void
}

export interface SeatOptions {
  /** A host that is ready and proved. */
  readonly takeHost: () => Promise<HostProcess>
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
}

/** Ends in a row without a filter to blame and without an answer in between, after which waiting work is given up. */
const MAX_BLAMELESS_ENDS = 5

const sentence = (end: HostEnd): string => end.killedFor ?? end.signal ?? `code ${end.code}`

export class Seat {
  readonly #options: SeatOptions
  readonly #programs = new Map<string, Seated>()
  readonly #failed = new Map<string, Failure>()
  readonly #watch = openWatch()
  #jobs: (LoadJob | EvaluateJob)[] = []
  #host: HostProcess | undefined
  #starting: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #lastLookMs = 0
  #nextSlot = 0
  #nextSeq = 0
  #blamelessEnds = 0
  #closed = false

  constructor(options: SeatOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#programs.size
  }

  get host(): HostProcess | undefined {
    return this.#host
  }

  load(program: Program): Promise<LoadOutcome> {
    this.#failed.delete(program.id)
    const seated = { slot: this.#nextSlot++, program }
    return new Promise((settle, reject) => this.#dispatch(this.#loadJob(seated, settle, reject)))
  }

  /** Waits for the work under way that names it. */
  async unload(filter: string): Promise<void> {
    await Promise.all(
      this.#jobs
        .filter(job => job.kind === 'evaluate' && [...job.seated.values()].some(({ program }) => program.id === filter))
        .map(job => new Promise<void>(resolve => this.#afterwards(job as EvaluateJob, resolve))),
    )
    const seated = this.#programs.get(filter)
    this.#programs.delete(filter)
    this.#failed.delete(filter)
    if (seated !== undefined) this.#host?.send(MessageKind.unload, { slot: seated.slot })
  }

  /** Verdicts of filters loaded here. A filter that failed meanwhile answers with that failure. */
  evaluate(batch: PlacedBatch, filters: readonly string[]): Promise<Map<string, Verdicts>> {
    const verdicts = new Map<string, Verdicts>()
    const seated = new Map<number, Seated>()
    for (const id of filters) {
      const found = this.#programs.get(id)
      if (found !== undefined) seated.set(found.slot, found)
      else verdicts.set(id, { filter: id, version: 0, ...failedVerdicts(this.#failureOf(id), 0) })
    }
    if (seated.size === 0) return Promise.resolve(verdicts)
    return new Promise((settle, reject) => {
      this.#dispatch({ kind: 'evaluate', seq: this.#nextSeq++, batch, seated, verdicts, settle, reject })
    })
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#host?.retire()
    this.#host?.kill('retired')
    this.#host = undefined
    this.#giveUp(new SandboxError('SANDBOX_CLOSED', 'The sandbox was closed while work was under way.'))
  }

  #failureOf(filter: string): Failure {
    return this.#failed.get(filter) ?? { reason: 'protocol', error: { message: 'its host lost it; load it again' } }
  }

  #loadJob(seated: Seated, settle: LoadJob['settle'], reject: LoadJob['reject']): LoadJob {
    return { kind: 'load', seq: this.#nextSeq++, seated, settle, reject }
  }

  #afterwards(job: EvaluateJob, then: () => void): void {
    const { settle, reject } = job
    job.settle = verdicts => {
      settle(verdicts)
      then()
    }
    job.reject = error => {
      reject(error)
      then()
    }
  }

  #dispatch(job: LoadJob | EvaluateJob): void {
    if (this.#closed) return job.reject(new SandboxError('SANDBOX_CLOSED', 'The sandbox is closed; open a new one.'))
    this.#jobs.push(job)
    if (this.#host !== undefined) this.#send(this.#host, job)
    else this.#start()
  }

  #send(host: HostProcess, job: LoadJob | EvaluateJob): void {
    if (this.#timer === undefined) {
      this.#watch.reset()
      this.#lastLookMs = performance.now()
      this.#timer = setInterval(() => this.#look(), WATCH_MS)
    }
    if (job.kind === 'load') {
      const { slot, program } = job.seated
      const { source, fileName, reads, limits } = program
      host.send(MessageKind.load, { seq: job.seq, slot, source, fileName, reads, limits } satisfies LoadMessage)
      return
    }
    const { layout, set, message } = job.batch
    host.ensureLayout(layout, set)
    const slots = [...job.seated.keys()]
    host.send(MessageKind.evaluate, { ...message, layout, seq: job.seq, slots } satisfies EvaluateMessage)
  }

  #start(): void {
    this.#starting ??= this.#takeOver().finally(() => {
      this.#starting = undefined
      if (this.#host === undefined && this.#jobs.length > 0 && !this.#closed) this.#start()
    })
  }

  /** Gets a fresh host, loads what was loaded, and sends the work that waits. */
  async #takeOver(): Promise<void> {
    let host: HostProcess
    try {
      host = await this.#options.takeHost()
    } catch (error) {
      this.#giveUp(error)
      return
    }
    if (this.#closed) return host.kill('retired')
    host.onReply((kind, payload) => this.#onReply(kind, payload))
    this.#host = host
    void host.ended.then(end => this.#onEnd(host, end))
    const known = new Set(this.#jobs.flatMap(job => (job.kind === 'load' ? [job.seated] : [])))
    const reloads = [...this.#programs.values()]
      .filter(seated => !known.has(seated))
      .map(seated =>
        this.#loadJob(
          seated,
          () => undefined,
          () => undefined,
        ),
      )
    this.#jobs = [...reloads, ...this.#jobs]
    for (const job of this.#jobs) this.#send(host, job)
  }

  #look(): void {
    const host = this.#host
    if (host === undefined || this.#jobs.length === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    const now = performance.now()
    const intent = host.intent()
    const limits = this.#limitsOf(intent.slot)
    const reason = this.#watch.look({
      intent,
      elapsedMs: now - this.#lastLookMs,
      cpuMs: host.cpuMs,
      stopped: host.stopped,
      limitMs: limits?.batchMs ?? 0,
    })
    this.#lastLookMs = now
    if (reason !== undefined) host.kill(reason)
  }

  #limitsOf(slot: number): Program['limits'] | undefined {
    return this.#seatedAt(slot)?.program.limits
  }

  #seatedAt(slot: number): Seated | undefined {
    for (const job of this.#jobs) {
      if (job.kind === 'load' && job.seated.slot === slot) return job.seated
      if (job.kind === 'evaluate' && job.seated.has(slot)) return job.seated.get(slot)
    }
    return undefined
  }

  #onReply(kind: number, payload: Buffer): void {
    this.#watch.reset()
    if (kind === ReplyKind.loaded) return this.#onLoaded(JSON.parse(payload.toString()) as LoadedReply)
    if (kind !== ReplyKind.verdicts) throw new Error(`reply of unknown kind ${kind}`)
    const seq = batchOf(payload)
    const job = this.#jobs.find(job => job.seq === seq)
    if (job?.kind !== 'evaluate') throw new Error(`verdicts of batch ${seq}, which nobody asked for`)
    const records = readVerdicts(payload, job.batch.message.rows, slot => job.seated.get(slot)?.program.limits)
    for (const { slot, verdicts } of records) {
      const { program } = job.seated.get(slot) as Seated
      job.verdicts.set(program.id, { filter: program.id, version: program.version, ...verdicts })
      if (verdicts.failure !== undefined) this.#drop(slot, verdicts.failure)
    }
    this.#blamelessEnds = 0
    this.#finish(job)
  }

  #finish(job: EvaluateJob): void {
    this.#jobs = this.#jobs.filter(other => other !== job)
    for (const { program } of job.seated.values()) {
      if (job.verdicts.has(program.id)) continue
      const failed = failedVerdicts(this.#failureOf(program.id), 0)
      job.verdicts.set(program.id, { filter: program.id, version: program.version, ...failed })
    }
    job.settle(job.verdicts)
  }

  #onLoaded({ seq, ok, description, reason, error }: LoadedReply): void {
    const job = this.#jobs.find(job => job.seq === seq)
    if (job?.kind !== 'load') throw new Error(`an answer to load ${seq}, which nobody asked for`)
    this.#blamelessEnds = 0
    this.#jobs = this.#jobs.filter(other => other !== job)
    if (ok) {
      this.#programs.set(job.seated.program.id, job.seated)
      return job.settle(description === undefined ? { ok } : { ok, description: String(description).slice(0, 500) })
    }
    const told = { message: 'could not be loaded', ...error }
    this.#failed.set(job.seated.program.id, { reason: 'error', error: told })
    this.#programs.delete(job.seated.program.id)
    job.settle({ ok: false, reason: reason ?? 'error', error: told })
  }

  /** Takes a filter out of everything after it failed. */
  #drop(slot: number, failure: Failure): void {
    const seated = this.#seatedAt(slot)
    if (seated === undefined) return
    const { id, version } = seated.program
    this.#failed.set(id, failure)
    if (this.#programs.get(id) === seated) this.#programs.delete(id)
    for (const job of this.#jobs) {
      if (job.kind !== 'evaluate' || !job.seated.delete(slot)) continue
      if (!job.verdicts.has(id)) job.verdicts.set(id, { filter: id, version, ...failedVerdicts(failure, 0) })
    }
  }

  #onEnd(host: HostProcess, end: HostEnd): void {
    if (this.#host !== host) return
    this.#host = undefined
    if (this.#closed) return
    const seated = this.#jobs.length > 0 ? this.#seatedAt(end.intent.slot) : undefined
    const failure = seated === undefined ? undefined : blame(end, seated.program.limits)
    const filter = failure === undefined ? undefined : seated?.program.id
    this.#options.logger.warn(
      { end: sentence(end), filter, reason: failure?.reason, stderr: end.stderr.trim().slice(-1000) },
      'an isolate host ended',
    )
    this.#options.onRestart(failure?.reason ?? end.killedFor ?? 'outside')
    if (seated !== undefined && failure !== undefined) this.#convict(seated, failure)
    else this.#blamelessEnds++
    if (this.#blamelessEnds > MAX_BLAMELESS_ENDS) {
      this.#blamelessEnds = 0
      const how = `${sentence(end)}: ${end.stderr.trim().slice(-500)}`
      this.#giveUp(
        new SandboxError(
          'SANDBOX_HOST_DYING',
          `An isolate host ended ${MAX_BLAMELESS_ENDS} times without a filter to blame, last by ${how}`,
        ),
      )
    }
    // Reloads are made anew by whoever takes over.
    this.#jobs = this.#jobs.filter(
      job => job.kind === 'evaluate' || this.#programs.get(job.seated.program.id) !== job.seated,
    )
    if (this.#jobs.length > 0 || this.#programs.size > 0) this.#start()
  }

  #convict(seated: Seated, failure: Failure): void {
    const loading = this.#jobs.find(job => job.kind === 'load' && job.seated === seated)
    this.#drop(seated.slot, failure)
    if (loading?.kind === 'load') {
      this.#programs.delete(seated.program.id)
      this.#failed.set(seated.program.id, failure)
      this.#jobs = this.#jobs.filter(job => job !== loading)
      loading.settle({ ok: false, ...failure })
    }
    for (const job of this.#jobs) if (job.kind === 'evaluate' && job.seated.size === 0) this.#finish(job)
  }

  #giveUp(error: unknown): void {
    const jobs = this.#jobs
    this.#jobs = []
    for (const job of jobs) job.reject(error)
  }
}
