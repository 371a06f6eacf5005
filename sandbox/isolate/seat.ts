// One place for a host process in a cordon: its filters, its work under way, and what happens when the process ends: the guilty filter is found by the
// last intent, a fresh process takes over with the others, and the work is run again. Verdicts are deterministic, so a rerun changes nothing.
import { type Logger } from 'pino'
import { SandboxError } from '../errors.ts'
import { type Failure, type LoadOutcome, type Program, type Verdicts } from '../sandbox.ts'
import { type EvaluateMessage, type LoadMessage, MessageKind, ReplyKind } from '../wire.ts'
import { blame, chargedMs } from './blame.ts'
import { type HostEnd, type HostProcess } from './host-process.ts'
import { batchOf, failedVerdicts, readLoaded, readVerdicts } from './verdict-reader.ts'
import { openWatch, WATCH_MS } from './watch.ts'
import { type Job, type LoadJob, type PlacedBatch, type Seated, WorkList } from './work-list.ts'

export interface SeatOptions {
  /** A host that is ready and proved. */
  readonly takeHost: () => Promise<HostProcess>
  readonly logger: Logger
  readonly onRestart: (reason: string) => void
}

/** Ends in a row without a filter to blame and without an answer in between, after which waiting work is given up. */
const MAX_BLAMELESS_ENDS = 5
const LOST: Failure = { reason: 'protocol', error: { message: 'its host lost it; load it again' } }

const howItEnded = (end: HostEnd): string => end.killedFor ?? end.signal ?? `code ${end.code}`

export class Seat {
  readonly #options: SeatOptions
  readonly #programs = new Map<string, Seated>()
  readonly #failed = new Map<string, Failure>()
  readonly #loading = new Map<string, Promise<LoadOutcome>>()
  readonly #work = new WorkList()
  readonly #watch = openWatch()
  /** Filters that ran when a host was out of memory; a second time it is theirs. */
  readonly #suspects = new WeakSet<Seated>()
  #host: HostProcess | undefined
  /** A fresh host with the same filters that takes over as soon as the present one has answered. */
  #successor: { readonly host: HostProcess; readonly slots: ReadonlySet<number> } | undefined
  #starting = false
  #rotating = false
  #timer: NodeJS.Timeout | undefined
  #lastLookMs = 0
  #nextSlot = 0
  #blamelessEnds = 0
  #closed = false

  constructor(options: SeatOptions) {
    this.#options = options
  }

  get host(): HostProcess | undefined {
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
    const seated = this.#programs.get(filter)
    if (seated === undefined) return
    await this.#work.withoutSlot(seated.slot)
    if (this.#programs.get(filter) !== seated) return
    this.#programs.delete(filter)
    this.#host?.send(MessageKind.unload, { slot: seated.slot })
  }

  /** Verdicts of filters loaded here. A filter that failed meanwhile answers with that failure. */
  async evaluate(batch: PlacedBatch, filters: readonly string[]): Promise<Map<string, Verdicts>> {
    const seated = filters.flatMap(id => this.#programs.get(id) ?? [])
    const missing = filters.filter(id => !this.#programs.has(id))
    let verdicts = new Map<string, Verdicts>()
    if (seated.length > 0) {
      const added = this.#work.addEvaluate(batch, seated)
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
      const slots = await this.#prepare(host)
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
    this.#rest()
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
    if (this.#timer === undefined) {
      this.#watch.reset()
      this.#lastLookMs = performance.now()
      this.#timer = setInterval(() => this.#look(), WATCH_MS)
    }
    job.sent = true
    if (job.kind === 'load') return host.send(MessageKind.load, loadMessage(job))
    const { layout, set, message } = job.batch
    host.ensureLayout(layout, set)
    host.send(MessageKind.evaluate, {
      ...message,
      layout,
      seq: job.seq,
      slots: [...job.seated.keys()],
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
    host.onReply((kind, payload) => this.#onReply(kind, payload))
    void this.#followEnd(host)
    const loading = new Set(this.#work.all.flatMap(job => (job.kind === 'load' ? [job.seated.slot] : [])))
    for (const seated of this.#programs.values())
      if (!loadedSlots.has(seated.slot) && !loading.has(seated.slot)) this.#work.addLoad(seated, true)
    for (const job of this.#work.all) this.#send(host, job)
  }

  async #followEnd(host: HostProcess): Promise<void> {
    this.#onEnd(host, await host.ended)
  }

  /** Loads the present filters into a host that is not in use yet; nothing when one could not be loaded. */
  async #prepare(host: HostProcess): Promise<ReadonlySet<number> | undefined> {
    const slots = new Set<number>()
    const programs = [...this.#programs.values()]
    const { promise, resolve } = Promise.withResolvers<boolean>()
    host.onReply((kind, payload) => {
      if (kind === ReplyKind.loaded && !readLoaded(payload).outcome.ok) return resolve(false)
      slots.add(readLoaded(payload).slot)
      if (slots.size === programs.length) resolve(true)
    })
    const ended = (async () => {
      await host.ended
      return false
    })()
    const limitMs = programs.reduce((sum, { program }) => sum + program.limits.batchMs, 10_000)
    const timer = setTimeout(() => resolve(false), limitMs)
    const list = new WorkList()
    for (const seated of programs) host.send(MessageKind.load, loadMessage(list.addLoad(seated).job))
    if (programs.length === 0) resolve(true)
    const prepared = await Promise.race([promise, ended])
    clearTimeout(timer)
    return prepared ? slots : undefined
  }

  #succeed(): void {
    const successor = this.#successor
    if (successor === undefined) return
    this.#successor = undefined
    const old = this.#host
    this.#adopt(successor.host, successor.slots)
    for (const slot of successor.slots)
      if (![...this.#programs.values()].some(seated => seated.slot === slot))
        this.#host?.send(MessageKind.unload, { slot })
    old?.retire()
    this.#options.onRestart('planned')
  }

  #rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const host = this.#host
    if (host === undefined || !this.#work.anySent) return this.#rest()
    const now = performance.now()
    const intent = host.intent()
    const limits = this.#work.at(intent.slot)?.program.limits
    const reason = this.#watch.look({ intent, elapsedMs: now - this.#lastLookMs, limits, figures: host })
    this.#lastLookMs = now
    if (host.memoryExceeded()) host.kill('memory')
    else if (reason !== undefined) host.kill(reason)
  }

  #onReply(kind: number, payload: Buffer): void {
    if (kind === ReplyKind.loaded) this.#onLoaded(payload)
    else if (kind === ReplyKind.verdicts) this.#onVerdicts(payload)
    else throw new Error(`a reply of the unknown kind ${kind}`)
    this.#blamelessEnds = 0
    if (this.#successor !== undefined && !this.#work.anySent) this.#succeed()
  }

  #onVerdicts(payload: Buffer): void {
    const job = this.#work.find(batchOf(payload))
    if (job?.kind !== 'evaluate') throw new Error('verdicts of a batch that nobody asked for')
    const records = readVerdicts(payload, job.batch.message.rows, slot => job.seated.get(slot)?.program)
    const failing = records.flatMap(({ slot, verdicts: { failure, cpuMs } }) => {
      const seated = job.seated.get(slot)
      return seated === undefined || failure === undefined ? [] : [{ seated, failure, cpuMs }]
    })
    this.#work.answer(job, records, program => this.#failed.get(program.id) ?? LOST)
    for (const { seated, failure, cpuMs } of failing) this.#drop(seated, failure, cpuMs)
  }

  #onLoaded(payload: Buffer): void {
    const { seq, outcome } = readLoaded(payload)
    const job = this.#work.find(seq)
    if (job?.kind !== 'load') throw new Error('an answer to a load that nobody asked for')
    this.#work.remove(job)
    if (outcome.ok) this.#programs.set(job.seated.program.id, job.seated)
    else this.#drop(job.seated, { reason: 'error', error: outcome.error }, 0)
    job.settle(outcome)
  }

  /** Takes a filter out of everything after it failed. */
  #drop(seated: Seated, failure: Failure, cpuMs: number): void {
    const { id } = seated.program
    this.#failed.set(id, failure)
    if (this.#programs.get(id) === seated) this.#programs.delete(id)
    this.#work.drop(seated, failure, cpuMs)
  }

  #onEnd(host: HostProcess, end: HostEnd): void {
    if (this.#host !== host || this.#closed) return
    this.#host = undefined
    const seated = this.#work.at(end.intent.slot)
    const suspected = seated !== undefined && this.#suspects.has(seated)
    const failure = seated && blame(end, seated.program.limits, suspected ? Infinity : this.#watch.grownMb(end.intent))
    if (seated !== undefined && end.outOfMemory) this.#suspects.add(seated)
    const stderr = end.stderr.trim().slice(-1000)
    const found = { filter: failure && seated.program.id, reason: failure?.reason }
    this.#options.logger.warn({ end: howItEnded(end), ...found, stderr }, 'an isolate host ended')
    this.#options.onRestart(failure?.reason ?? end.killedFor ?? 'outside')
    if (seated !== undefined && failure !== undefined)
      this.#convict(seated, failure, chargedMs(end, seated.program.limits))
    else if (++this.#blamelessEnds > MAX_BLAMELESS_ENDS) return this.#giveUp(end, stderr)
    // Loads of filters that were loaded already are made anew for the next host.
    for (const job of this.#work.all) {
      job.sent = false
      if (job.kind === 'load' && this.#programs.get(job.seated.program.id) === job.seated) this.#work.remove(job)
    }
    const successor = this.#successor
    if (successor !== undefined) {
      this.#successor = undefined
      this.#adopt(successor.host, successor.slots)
    } else if (this.#work.all.length > 0 || this.#programs.size > 0) void this.#start()
  }

  #convict(seated: Seated, failure: Failure, cpuMs: number): void {
    const loading = this.#work.all.filter(job => job.kind === 'load' && job.seated === seated) as LoadJob[]
    this.#drop(seated, failure, cpuMs)
    for (const job of loading) {
      this.#work.remove(job)
      job.settle({ ok: false, ...failure })
    }
  }

  #giveUp(end: HostEnd, stderr: string): void {
    this.#blamelessEnds = 0
    const message = `An isolate host ended ${MAX_BLAMELESS_ENDS} times without a filter to blame, last by ${howItEnded(end)}: ${stderr}`
    this.#work.rejectAll(new SandboxError('SANDBOX_HOST_DYING', message))
  }
}

function loadMessage({ seq, seated }: LoadJob): LoadMessage {
  const { source, fileName, reads, offers, limits } = seated.program
  return { seq, slot: seated.slot, source, fileName, reads, ...(offers && { offers }), limits }
}
