// Keeps the processes of a system running: starts them, waits until they are ready, starts those that die again, stops them in order.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeployError } from '../../errors.ts'
import { afterDeath } from './back-off.ts'
import { lastLines, rotateAtStart } from './log-file.ts'
import { startProcess, type Command, type RunningProcess } from './child-process.ts'
import { START_LIMITS, type StartLimits, watchStart } from './slow-or-dead.ts'

const SHOWN_LINES = 12
const EXPLAINED_LINES = 200

export interface ProcessSpec {
  readonly name: string
  /** Asked at each start of the process, so that it may prepare files first. */
  readonly command: () => Promise<Command>
  /**
   * Resolves when the process does its work; rejects when it never will. However long that takes: whoever is slow is waited for. `say`
   * takes why it is not ready yet.
   */
  readonly ready: (signal: AbortSignal, say: (reason: string) => void) => Promise<void>
  /** What the last lines of its log say about its end, in a sentence for the operator. */
  readonly explain?: (lines: readonly string[]) => string | undefined
  /** However often it dies, that ends no start: what it needs is on another machine. */
  readonly isPatient?: boolean
  /** Watches a ready process for faults that do not end it; `restart` ends it with a reason. */
  readonly watch?: (context: WatchContext) => void
}

interface WatchContext {
  readonly logFile: string
  /** Aborted when the process has ended. */
  readonly signal: AbortSignal
  readonly restart: (why: string) => void
}

export type ProcessEvent =
  | { readonly type: 'starting'; readonly name: string }
  | { readonly type: 'stopped'; readonly name: string }
  /** It is slow to get ready; told when the reason changes. */
  | { readonly type: 'waiting'; readonly name: string; readonly reason: string }
  | { readonly type: 'ready'; readonly name: string; readonly afterMs: number }
  | {
      readonly type: 'died'
      readonly name: string
      readonly how: string
      readonly delayMs: number
      readonly lines: readonly string[]
    }

interface KeptProcess {
  readonly spec: ProcessSpec
  running: RunningProcess | undefined
  /** Ends the keeping; the process is then stopped by stop(). */
  readonly stopKeeping: AbortController
  kept: Promise<void>
}

export class Supervisor {
  readonly #logsDir: string
  readonly #report: (event: ProcessEvent) => void
  readonly #restartRule: typeof afterDeath
  readonly #looks: StartLimits
  readonly #processes = new Map<string, KeptProcess>()

  /** `rule` decides when a process that died is started again. */
  constructor(
    logsDir: string,
    report: (event: ProcessEvent) => void,
    rule: typeof afterDeath = afterDeath,
    looks: StartLimits = START_LIMITS,
  ) {
    this.#logsDir = logsDir
    this.#report = report
    this.#restartRule = rule
    this.#looks = looks
  }

  logFile(name: string): string {
    return join(this.#logsDir, `${name}.log`)
  }

  /** The process id of a kept process; undefined between two lives of it. */
  pid(name: string): number | undefined {
    return this.#processes.get(name)?.running?.pid
  }

  get names(): readonly string[] {
    return [...this.#processes.keys()]
  }

  /**
   * Starts a process and keeps it running from now on; resolves when it is ready for the first time.
   * Throws DeployError DEPLOY_PROCESS_DIES with its last lines when it dies five times in a minute before that, and the signal's
   * reason when it comes first: what was started is then ended by stop().
   */
  async start(spec: ProcessSpec, signal: AbortSignal): Promise<void> {
    rotateAtStart(this.logFile(spec.name))
    const entry: KeptProcess = { spec, running: undefined, stopKeeping: new AbortController(), kept: Promise.resolve() }
    this.#processes.set(spec.name, entry)
    const { promise: firstReady, resolve, reject } = Promise.withResolvers<void>()
    entry.kept = this.#keep(entry, AbortSignal.any([signal, entry.stopKeeping.signal]), resolve).catch(reject)
    const give = (): void => reject(signal.reason)
    signal.addEventListener('abort', give, { once: true })
    await firstReady.finally(() => signal.removeEventListener('abort', give))
  }

  /** SIGTERM to the named processes at once, SIGKILL to those that are still there after `limitMs`. */
  async stop(names: readonly string[], limitMs: number): Promise<void> {
    await Promise.all(names.map(name => this.#stopOne(name, limitMs)))
  }

  async #stopOne(name: string, limitMs: number): Promise<void> {
    const entry = this.#processes.get(name)
    if (entry === undefined) return
    entry.stopKeeping.abort()
    const { running } = entry
    if (running !== undefined) {
      running.signal('SIGTERM')
      const limit = setTimeout(() => running.signal('SIGKILL'), limitMs)
      await running.ended
      clearTimeout(limit)
    }
    await entry.kept
    this.#processes.delete(name)
    this.#report({ type: 'stopped', name })
  }

  async #keep(entry: KeptProcess, signal: AbortSignal, onReady: () => void): Promise<void> {
    const { name } = entry.spec
    const deaths: number[] = []
    let everReady = false
    let shown: string | undefined
    while (!signal.aborted) {
      const how = await this.#runOnce(entry, signal, () => {
        everReady = true
        onReady()
      }).catch((error: unknown) => {
        // Its files could not be prepared. At a start that is the end; later it may pass.
        if (!everReady) throw error
        return error instanceof Error ? error.message : String(error)
      })
      if (signal.aborted) break
      deaths.push(performance.now())
      const { delayMs, keepsDying } = this.#restartRule(deaths)
      const log = lastLines(this.logFile(name), EXPLAINED_LINES)
      const reason = entry.spec.explain?.(log)
      const told = reason === undefined ? how : `${how}. ${reason}`
      const lines = log.slice(-SHOWN_LINES)
      if (keepsDying && !everReady && entry.spec.isPatient !== true)
        throw keepsDyingError(name, told, this.logFile(name), lines)
      // One that ended before it wrote anything has nothing new to show.
      const isNew = lines.join('\n') !== shown
      shown = lines.join('\n')
      this.#report({ type: 'died', name, how: told, delayMs, lines: isNew ? lines : [] })
      await sleep(delayMs, undefined, { signal }).catch(() => undefined)
    }
    if (!everReady) throw signal.reason
  }

  /** One life of the process; resolves to how it ended. */
  async #runOnce(entry: KeptProcess, signal: AbortSignal, onReady: () => void): Promise<string> {
    const { spec } = entry
    const started = performance.now()
    this.#report({ type: 'starting', name: spec.name })
    const command = await spec.command()
    if (signal.aborted) return 'not started'
    const running = startProcess(command, this.logFile(spec.name))
    entry.running = running
    const ended = new AbortController()
    let why: string | undefined
    const restart = (reason: string): void => {
      why ??= reason
      running.signal('SIGKILL')
    }
    const onEnd = running.ended.then(({ how }) => {
      ended.abort()
      return why ?? how
    })
    const watched = watchStart({
      pid: running.pid,
      looks: this.#looks,
      onSlow: reason => this.#report({ type: 'waiting', name: spec.name, reason }),
      onDead: restart,
    })
    void readiness(spec, AbortSignal.any([signal, ended.signal]), watched.say).then(failure => {
      watched.end()
      if (ended.signal.aborted) return undefined
      // It lives and will never be ready: as good as dead.
      if (failure !== undefined) return signal.aborted ? undefined : restart(failure)
      this.#report({ type: 'ready', name: spec.name, afterMs: performance.now() - started })
      spec.watch?.({ logFile: this.logFile(spec.name), signal: ended.signal, restart })
      return onReady()
    })
    const how = await onEnd
    watched.end()
    entry.running = undefined
    return how
  }
}

/** Undefined when it is ready, else why it is not. */
const readiness = (
  spec: ProcessSpec,
  signal: AbortSignal,
  say: (reason: string) => void,
): Promise<string | undefined> =>
  spec.ready(signal, say).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )

const keepsDyingError = (name: string, how: string, logFile: string, lines: readonly string[]): DeployError =>
  new DeployError(
    'DEPLOY_PROCESS_DIES',
    `${name} keeps ending (${how}), five times within a minute. Its last lines, from ${logFile}:\n${lines.map(line => `  ${line}`).join('\n')}`,
  )
