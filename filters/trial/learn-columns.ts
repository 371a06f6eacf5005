// For a filter that reached for fields its batch did not carry: it is loaded again with them and evaluates the same alerts once more, until its verdicts need
// nothing else. Trials and the engine (`lanes/relearn.ts`) do the same.
import { type AvroSchema, type BatchBuilder, HubError, openBatchBuilder, type Stream } from '#hub'
import {
  type Failure,
  type LearnedColumns,
  type LoadOutcome,
  type Program,
  type Sandbox,
  SandboxError,
  type Verdicts,
} from '#sandbox'
import { joinVerdicts } from './join-verdicts.ts'

/** An alert as it came, without its frame. */
export interface AlertBytes {
  readonly schemaId: number
  readonly schema: AvroSchema
  readonly body: Uint8Array
  readonly timestampMs: number
}

export interface LearnOptions {
  readonly sandbox: Sandbox
  readonly stream: Stream
  /** The alerts of the batch, in the order of its rows. */
  readonly alerts: readonly AlertBytes[]
  /** As it was loaded; it is unloaded. */
  readonly program: Program
  readonly learning: LearnedColumns
  /** What it wanted, and what that try cost; absent where these alerts have not been tried. */
  readonly first?: Verdicts
}

export interface Learned {
  /** As it is loaded now; or as it was loaded last, when it failed. */
  readonly program: Program
  /** On all the alerts, with the CPU time of the last try. */
  readonly verdicts: Verdicts
  /** CPU time of all tries, which is what the filter is charged. */
  readonly chargedMs: number
  /** Names of the columns it reads from now on besides. */
  readonly names: readonly string[]
}

/** Ends with verdicts or a failure of the filter. Rejects only when the sandbox cannot run. */
export async function learnColumns({
  sandbox,
  stream,
  alerts,
  program,
  learning,
  first,
}: LearnOptions): Promise<Learned> {
  const names: string[] = []
  let chargedMs = first?.cpuMs ?? 0
  let wants = first?.wants
  let now = program
  for (let tries = 1; ; tries++) {
    if (wants !== undefined) {
      await sandbox.unload(now.id)
      names.push(...learning.take(wants, tries))
      now = { ...program, id: `${program.id}+${learning.reads.columns.length}.${tries}`, reads: learning.reads }
      const outcome = await sandbox.load(now).catch(refused)
      if (!outcome.ok) return { program: now, verdicts: failed(now, failureOf(outcome)), chargedMs, names }
    }
    const verdicts = await evaluateAlone(sandbox, now, stream, alerts)
    chargedMs += verdicts.cpuMs
    if (verdicts.wants === undefined) return { program: now, verdicts, chargedMs, names }
    wants = verdicts.wants
  }
}

/** In as many batches as its columns need: those it did not read before may fill one earlier. */
async function evaluateAlone(
  sandbox: Sandbox,
  { id, version, reads }: Program,
  stream: Stream,
  alerts: readonly AlertBytes[],
): Promise<Verdicts> {
  const builder: BatchBuilder = openBatchBuilder({ stream, set: reads })
  const parts: { readonly rows: number; readonly verdicts: Verdicts }[] = []
  let isOver = false
  const evaluate = async (): Promise<void> => {
    const [verdicts] = await sandbox.evaluate(builder.take(), [id])
    if (verdicts === undefined) throw new TypeError('a sandbox answered without verdicts')
    parts.push({ rows: builder.rows, verdicts })
    isOver = verdicts.failure !== undefined || verdicts.wants !== undefined
    builder.reset()
  }
  for (const { body, schemaId, schema, timestampMs } of alerts) {
    const add = (): boolean => builder.add(body, schemaId, schema, timestampMs) !== 'full'
    try {
      if (add()) continue
      await evaluate()
      if (isOver) break
      add()
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      // No batch holds so much of one alert.
      if (builder.rows > 0) await evaluate()
      if (isOver) break
      parts.push({ rows: 1, verdicts: unreadable({ id, version }, error.message) })
    }
  }
  if (!isOver && builder.rows > 0) await evaluate()
  return joinVerdicts(parts)
}

const NOTHING = { logs: [], logsDropped: 0, cpuMs: 0 }

const failed = ({ id, version }: Program, failure: Failure): Verdicts => ({
  ...NOTHING,
  filter: id,
  version,
  passed: new Uint32Array(0),
  errored: new Uint32Array(0),
  failure,
})

const unreadable = ({ id, version }: Pick<Program, 'id' | 'version'>, message: string): Verdicts => ({
  ...NOTHING,
  filter: id,
  version,
  passed: Uint32Array.of(0),
  errored: Uint32Array.of(1),
  firstError: { row: 0, message },
})

/** A program that no sandbox takes is its author's to know; anything else is ours. */
function refused(error: unknown): LoadOutcome {
  if (!(error instanceof SandboxError) || error.code !== 'SANDBOX_PROGRAM_INVALID') throw error
  return { ok: false, reason: 'error', error: { message: error.message } }
}

/** It was loaded before, so whatever keeps it from being loaded is an error of its own. */
const failureOf = ({ reason, error }: Extract<LoadOutcome, { ok: false }>): Failure => ({
  reason: reason === 'syntax' || reason === 'no-filter' ? 'error' : reason,
  error,
})
