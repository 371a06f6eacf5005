// A host's reply → verdicts. Nothing in it is believed: lengths, bits beyond the rows, texts and numbers are checked or clipped.
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import {
  type AuthorError,
  type Failure,
  type Limits,
  type LoadOutcome,
  type Program,
  type Verdicts,
} from '../sandbox.ts'
import { MAX_WANTS, wantedColumns } from '../wanted.ts'
import {
  ANNOTATION_BUDGET,
  type NotedReply,
  RECORD_HEADER_BYTES,
  RecordFlag,
  VERDICTS_HEADER_BYTES,
  wordsOf,
} from '../wire.ts'

const MESSAGE_CHARS = 600
const MAX_LOG_LINES = 100

const Position = {
  line: Type.Optional(Type.Integer({ minimum: 1 })),
  column: Type.Optional(Type.Integer({ minimum: 1 })),
}
const Told = Type.Object({ message: Type.String(), ...Position })
const ExtraSchema = Type.Object({
  failure: Type.Optional(
    Type.Object({
      reason: Type.Union([Type.Literal('timeout'), Type.Literal('out-of-memory'), Type.Literal('error')]),
      error: Told,
    }),
  ),
  firstError: Type.Optional(Type.Object({ row: Type.Integer({ minimum: 0 }), message: Type.String(), ...Position })),
  logs: Type.Optional(Type.Array(Type.String(), { maxItems: MAX_LOG_LINES })),
  logsDropped: Type.Optional(Type.Integer({ minimum: 0 })),
  annotations: Type.Optional(Type.Array(Type.Tuple([Type.Integer({ minimum: 0 }), Type.String()]))),
  wants: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: MAX_WANTS })),
})
type Extra = Static<typeof ExtraSchema>
const NotedSchema = Type.Object({ seq: Type.Integer(), message: Type.String(), ...Position })
const LoadedSchema = Type.Object({
  seq: Type.Integer(),
  slot: Type.Integer(),
  ok: Type.Boolean(),
  description: Type.Optional(Type.String()),
  reason: Type.Optional(Type.Enum(['syntax', 'no-filter', 'timeout', 'out-of-memory', 'error'])),
  error: Type.Optional(Told),
})

/** What is known of a filter that answers. */
export type Answering = Pick<Program, 'limits' | 'reads' | 'offers'>

const FALSE_WANTS: Failure = {
  reason: 'protocol',
  error: { message: 'asked for fields that it was given, or that there are none of' },
}

/** One filter of a reply; the rest of its identity is the caller's. */
export interface VerdictRecord {
  readonly slot: number
  readonly verdicts: Omit<Verdicts, 'filter' | 'version'>
}

const told = ({ message, line, column }: AuthorError): AuthorError => ({
  message: message.slice(0, MESSAGE_CHARS),
  ...(line === undefined ? {} : { line }),
  ...(column === undefined ? {} : { column }),
})

/** The verdicts of a filter that has none. */
export const failedVerdicts = (failure: Failure, cpuMs: number): Omit<Verdicts, 'filter' | 'version'> => ({
  passed: new Uint32Array(0),
  errored: new Uint32Array(0),
  logs: [],
  logsDropped: 0,
  cpuMs,
  failure,
})

/** What a filter says that has to be loaded again with more columns; texts that are no columns it could reach are a breach of its own. */
function wanting(wants: readonly string[], program: Answering, cpuMs: number): VerdictRecord['verdicts'] {
  const columns = wantedColumns(wants, program)
  if (columns === undefined) return failedVerdicts(FALSE_WANTS, cpuMs)
  return { passed: new Uint32Array(0), errored: new Uint32Array(0), logs: [], logsDropped: 0, cpuMs, wants: columns }
}

/** Reads the answer to a load. */
export function readLoaded(payload: Buffer): {
  readonly seq: number
  readonly slot: number
  readonly outcome: LoadOutcome
} {
  const reply: unknown = JSON.parse(payload.toString())
  if (!Value.Check(LoadedSchema, reply)) throw new Error('the answer to a load has another shape')
  const { seq, slot, ok, description = '', reason = 'error', error } = reply
  const outcome: LoadOutcome = ok
    ? { ok: true, description: description.slice(0, MESSAGE_CHARS) }
    : { ok: false, reason, error: told(error ?? { message: 'could not be loaded' }) }
  return { seq, slot, outcome }
}

/** Reads the first error of a batch under way. */
export function readNoted(payload: Buffer): NotedReply {
  const reply: unknown = JSON.parse(payload.toString())
  if (!Value.Check(NotedSchema, reply)) throw new Error('the note of an error has another shape')
  return { seq: reply.seq, ...told(reply) }
}

/** Reads the batch a reply is about. */
export const batchOf = (payload: Buffer): number => payload.readUInt32LE(0)

/** Reads all records; throws when a reply is not what the protocol says. */
export function readVerdicts(
  payload: Buffer,
  rows: number,
  programOf: (slot: number) => Answering | undefined,
): VerdictRecord[] {
  const count = payload.readUInt32LE(4)
  const records: VerdictRecord[] = []
  let at = VERDICTS_HEADER_BYTES
  const words = wordsOf(rows)
  const bits = (): Uint32Array => {
    const taken = new Uint32Array((rows + 31) >>> 5)
    for (let i = 0; i < taken.length; i++) taken[i] = payload.readUInt32LE(at + 4 * i)
    if (rows % 32 > 0) taken[taken.length - 1] = (taken.at(-1) ?? 0) & ((1 << (rows % 32)) - 1)
    at += 4 * words
    return taken
  }
  for (let i = 0; i < count; i++) {
    const slot = payload.readUInt32LE(at)
    const flags = payload.readUInt32LE(at + 4)
    const extraBytes = payload.readUInt32LE(at + 8)
    const cpuMs = Math.max(0, payload.readDoubleLE(at + 16)) || 0
    at += RECORD_HEADER_BYTES
    const passed = bits()
    const errored = bits()
    for (const [word, value] of errored.entries()) passed[word] = (passed[word] ?? 0) & ~value
    const scores = flags & RecordFlag.scores ? readScores(payload, at, rows) : undefined
    if (scores !== undefined) at += rows * 8
    const program = programOf(slot)
    if (program === undefined) throw new Error(`the host answered for slot ${slot}, which was not asked`)
    const extra = extraBytes > 0 ? readExtra(payload.toString('utf8', at, at + extraBytes), program.limits) : {}
    at += (extraBytes + 7) & ~7
    if (at > payload.length) throw new Error('the reply is shorter than it says')
    if (flags & RecordFlag.failed) {
      const failure = extra.failure ?? { reason: 'error', error: { message: 'failed without saying why' } }
      records.push({ slot, verdicts: failedVerdicts({ reason: failure.reason, error: told(failure.error) }, cpuMs) })
      continue
    }
    if (extra.wants !== undefined) {
      records.push({ slot, verdicts: wanting(extra.wants, program, cpuMs) })
      continue
    }
    const { firstError, logs = [], logsDropped = 0 } = extra
    const notes = extra.annotations?.filter(([row]) => row < rows) ?? []
    records.push({
      slot,
      verdicts: {
        passed,
        errored,
        ...(scores === undefined ? {} : { scores }),
        ...(notes.length === 0 ? {} : { annotations: new Map(notes) }),
        ...(firstError === undefined
          ? {}
          : { firstError: { row: Math.min(firstError.row, rows - 1), ...told(firstError) } }),
        logs,
        logsDropped,
        cpuMs,
      },
    })
  }
  return records
}

function readScores(payload: Buffer, at: number, rows: number): Float64Array {
  const scores = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const score = payload.readDoubleLE(at + 8 * row)
    scores[row] = score > 0 && score < Infinity ? score : NaN
  }
  return scores
}

function readExtra(text: string, { logChars, annotationChars }: Limits): Extra {
  const extra: unknown = JSON.parse(text)
  if (!Value.Check(ExtraSchema, extra)) throw new Error('the reply carries an extra of another shape')
  const logged = extra.logs?.reduce((sum, line) => sum + line.length, 0) ?? 0
  const annotated = extra.annotations?.reduce((sum, [, json]) => sum + json.length, 0) ?? 0
  if (logged > logChars + 2 * MAX_LOG_LINES || annotated > annotationChars * ANNOTATION_BUDGET)
    throw new Error('the reply carries more text than its filter may write')
  return extra
}
