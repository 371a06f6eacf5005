// In: a checked filter and a sample of its stream. Out: what it would have delivered, its errors and its cost. It runs in the production sandbox under the
// production cap; nothing is published.
import { type AlertKey, openBatchBuilder, quantileOf, type Stream } from '#hub'
import { type AuthorError, type Failure, LearnedColumns, type Program, type Sandbox, type Verdicts } from '#sandbox'
import { type AlertBytes, learnColumns } from './learn-columns.ts'

/** One packet of a sample, without its frame. */
export type TrialPacket = AlertBytes

export interface TrialOptions {
  readonly sandbox: Sandbox
  readonly program: Program
  readonly stream: Stream
  readonly packets: Iterable<TrialPacket> | AsyncIterable<TrialPacket>
  readonly cap: number
  /** Called after each batch. */
  readonly onProgress?: (result: Trial) => void
}

export interface Match {
  readonly alert: bigint
  readonly visit: bigint
  readonly score?: number
  readonly annotations?: string
}

export interface Trial {
  readonly alerts: number
  readonly passed: number
  readonly errors: number
  /** The first matches of each visit, as many as its cap. */
  readonly matches: readonly Match[]
  readonly overCap: number
  readonly firstError?: AuthorError & { readonly alert: bigint }
  /** Why it did not get to the end, or did not load. */
  readonly failure?: Failure
  readonly logs: readonly string[]
  /** Names of fields that it was found to read, although they do not stand in its source; it got them, and all alerts were evaluated with them. */
  readonly learned: readonly string[]
  /** CPU of an alert in µs: half, 90 % and 99 % of the batches cost no more. */
  readonly costUs: { readonly t50: number; readonly t90: number; readonly t99: number }
}

/** Small enough to tell dear alerts from cheap ones, large enough to spread the cost of a call. */
const TRIAL_ROWS = 32
const MAX_LOGS = 100

/** Runs a program over a sample and unloads it. What the filter does wrong is in the result; only a broken sandbox or sample rejects. */
export async function trialRun({ sandbox, program, stream, packets, cap, onProgress }: TrialOptions): Promise<Trial> {
  const tally = new Tally(cap)
  const loaded = await sandbox.load(program)
  if (!loaded.ok) {
    const reason = loaded.reason === 'syntax' || loaded.reason === 'no-filter' ? 'error' : loaded.reason
    return { ...tally.result(), failure: { reason, error: loaded.error } }
  }
  const learning = new LearnedColumns(program)
  let running = program
  let builder = openBatchBuilder({ stream, set: program.reads, maxRows: TRIAL_ROWS })
  const keys: AlertKey[] = []
  const alerts: AlertBytes[] = []
  const evaluate = async (): Promise<boolean> => {
    if (keys.length === 0) return true
    let [verdicts] = await sandbox.evaluate(builder.take(), [running.id])
    builder.reset()
    if (verdicts?.wants !== undefined) {
      const learned = await learnColumns({ sandbox, stream, alerts, program: running, learning, first: verdicts })
      ;({ program: running, verdicts } = learned)
      tally.learned(learned.names)
      builder = openBatchBuilder({ stream, set: running.reads, maxRows: TRIAL_ROWS })
    }
    if (verdicts !== undefined) tally.add(verdicts, keys)
    keys.length = 0
    alerts.length = 0
    onProgress?.(tally.result())
    return verdicts?.failure === undefined
  }
  try {
    for await (const packet of packets) {
      const add = (): AlertKey | 'full' => builder.add(packet.body, packet.schemaId, packet.schema, packet.timestampMs)
      let key = add()
      if (key === 'full') {
        if (!(await evaluate())) return tally.result()
        key = add()
      }
      if (key === 'full') continue
      keys.push(key)
      alerts.push(packet)
    }
    await evaluate()
    return tally.result()
  } finally {
    await sandbox.unload(running.id)
  }
}

class Tally {
  readonly #cap: number
  readonly #deliveredOfVisit = new Map<bigint, number>()
  readonly #matches: Match[] = []
  readonly #logs: string[] = []
  readonly #learned: string[] = []
  readonly #costsUs: number[] = []
  #alerts = 0
  #passed = 0
  #errors = 0
  #overCap = 0
  #firstError: Trial['firstError']
  #failure: Failure | undefined

  constructor(cap: number) {
    this.#cap = cap
  }

  learned(names: readonly string[]): void {
    this.#learned.push(...names)
  }

  add(verdicts: Verdicts, keys: readonly AlertKey[]): void {
    this.#failure = verdicts.failure
    if (verdicts.failure !== undefined) return
    this.#alerts += keys.length
    this.#costsUs.push((1_000 * verdicts.cpuMs) / keys.length)
    this.#logs.push(...verdicts.logs.slice(0, MAX_LOGS - this.#logs.length))
    keys.forEach((key, row) => this.#addRow(verdicts, key, row))
    const { firstError } = verdicts
    const failing = firstError && keys[firstError.row]
    if (this.#firstError === undefined && failing) {
      const { row: _row, ...error } = firstError
      this.#firstError = { ...error, alert: failing.alertId }
    }
  }

  #addRow(verdicts: Verdicts, { alertId, visit }: AlertKey, row: number): void {
    const has = (bits: Uint32Array): boolean => (((bits[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1
    if (has(verdicts.errored)) this.#errors++
    if (!has(verdicts.passed)) return
    this.#passed++
    const delivered = this.#deliveredOfVisit.get(visit) ?? 0
    if (delivered >= this.#cap) {
      this.#overCap++
      return
    }
    this.#deliveredOfVisit.set(visit, delivered + 1)
    const score = verdicts.scores?.[row]
    const annotations = verdicts.annotations?.get(row)
    this.#matches.push({
      alert: alertId,
      visit,
      ...(score !== undefined && !Number.isNaN(score) ? { score } : {}),
      ...(annotations !== undefined ? { annotations } : {}),
    })
  }

  result(): Trial {
    const sorted = this.#costsUs.toSorted((a, b) => a - b)
    return {
      alerts: this.#alerts,
      passed: this.#passed,
      errors: this.#errors,
      matches: this.#matches,
      overCap: this.#overCap,
      ...(this.#firstError ? { firstError: this.#firstError } : {}),
      ...(this.#failure ? { failure: this.#failure } : {}),
      logs: this.#logs,
      learned: this.#learned,
      costUs: { t50: quantileOf(sorted, 0.5), t90: quantileOf(sorted, 0.9), t99: quantileOf(sorted, 0.99) },
    }
  }
}
