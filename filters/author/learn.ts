// A filter that reached fields it was not given: loaded again with them, and asked about the same alerts once more, until its verdicts need nothing else.
import { type AvroSchema, type BatchBuilder, openBatchBuilder, type Stream } from '#hub'
import { type Failure, type Learning, type Program, type Sandbox, type Verdicts } from '#sandbox'
import { joinVerdicts } from './join-verdicts.ts'

/** An alert as it came, without its frame. */
export interface AlertBytes {
  readonly schemaId: number
  readonly schema: AvroSchema
  readonly body: Uint8Array
  readonly timestampMs: number
}

export interface Lesson {
  readonly sandbox: Sandbox
  readonly stream: Stream
  /** The alerts of the batch, in the order of its rows. */
  readonly alerts: readonly AlertBytes[]
  /** As it was loaded; it is unloaded. */
  readonly program: Program
  readonly learning: Learning
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
export async function learn({ sandbox, stream, alerts, program, learning, first }: Lesson): Promise<Learned> {
  const names: string[] = []
  let chargedMs = first?.cpuMs ?? 0
  let wants = first?.wants
  let now = program
  for (let tries = 1; ; tries++) {
    if (wants !== undefined) {
      await sandbox.unload(now.id)
      names.push(...learning.take(wants, tries))
      now = { ...program, id: `${program.id}+${learning.reads.columns.length}.${tries}`, reads: learning.reads }
      const outcome = await sandbox.load(now)
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
  { id, reads }: Program,
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
    if (builder.add(body, schemaId, schema, timestampMs) !== 'full') continue
    await evaluate()
    if (isOver) break
    builder.add(body, schemaId, schema, timestampMs)
  }
  if (!isOver && builder.rows > 0) await evaluate()
  return joinVerdicts(parts)
}

const failed = ({ id, version }: Program, failure: Failure): Verdicts => ({
  filter: id,
  version,
  passed: new Uint32Array(0),
  errored: new Uint32Array(0),
  logs: [],
  logsDropped: 0,
  cpuMs: 0,
  failure,
})

/** It was loaded before, so whatever keeps it from being loaded is an error of its own. */
const failureOf = ({ reason, error }: Extract<Awaited<ReturnType<Sandbox['load']>>, { ok: false }>): Failure => ({
  reason: reason === 'syntax' || reason === 'no-filter' ? 'error' : reason,
  error,
})
