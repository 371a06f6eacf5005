// A host's reply → verdicts. Nothing in it is believed: lengths, bits beyond the rows, texts and numbers are checked or clipped, each filter's by itself.
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { MAX_ROWS } from '../columns/batch.ts'
import { MAX_WANTS, wantedColumns } from '../columns/wanted-columns.ts'
import {
  type AuthorError,
  type Failure,
  type Limits,
  type LoadOutcome,
  type Program,
  type Verdicts,
} from '../sandbox.ts'
import { chargeableMs } from './chargeable-cpu.ts'
import {
  ANNOTATION_BUDGET,
  type NotedReply,
  RECORD_HEADER_BYTES,
  RecordFlag,
  VERDICTS_HEADER_BYTES,
  wordsOf,
} from './wire.ts'

const MESSAGE_CHARS = 600
const MAX_LOG_LINES = 100
/** Lines, columns and counts above are no such thing. */
const MAX_COUNT = 1_000_000_000

const Count = Type.Integer({ minimum: 0, maximum: MAX_COUNT })
const Position = {
  line: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_COUNT })),
  column: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_COUNT })),
}
const Told = Type.Object({ message: Type.String(), ...Position })
const ExtraSchema = Type.Object({
  failure: Type.Optional(
    Type.Object({
      reason: Type.Union([Type.Literal('timeout'), Type.Literal('out-of-memory'), Type.Literal('error')]),
      error: Told,
    }),
  ),
  firstError: Type.Optional(Type.Object({ row: Count, message: Type.String(), ...Position })),
  logs: Type.Optional(Type.Array(Type.String(), { maxItems: MAX_LOG_LINES })),
  logsDropped: Type.Optional(Count),
  annotations: Type.Optional(Type.Array(Type.Tuple([Count, Type.String()]), { maxItems: MAX_ROWS })),
  wants: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: MAX_WANTS })),
})
type Extra = Static<typeof ExtraSchema>
const NotedSchema = Type.Object({ seq: Type.Integer(), message: Type.String(), ...Position })
const Numbered = Type.Object({ seq: Type.Integer() })
const LoadedSchema = Type.Object({
  ok: Type.Boolean(),
  description: Type.Optional(Type.String()),
  reason: Type.Optional(Type.Enum(['syntax', 'no-filter', 'timeout', 'out-of-memory', 'error'])),
  error: Type.Optional(Told),
})

/** What is known of a filter that answers. */
export type Answering = Pick<Program, 'limits' | 'reads' | 'offers'>

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
  if (columns === undefined)
    return failedVerdicts(brokeProtocol('it asked for fields that it was given, or that there are none of'), cpuMs)
  return { passed: new Uint32Array(0), errored: new Uint32Array(0), logs: [], logsDropped: 0, cpuMs, wants: columns }
}

/** What a filter is charged with that answered what the protocol does not allow. */
const brokeProtocol = (what: string): Failure => ({
  reason: 'protocol',
  error: { message: `broke the conversation with its host process: ${what}` },
})

/** The number of the load an answer is about. Throws when it names none. */
export function loadOf(payload: Buffer): number {
  const reply: unknown = JSON.parse(payload.toString())
  if (!Value.Check(Numbered, reply)) throw new Error('the answer to a load names none')
  return reply.seq
}

/** Reads the answer to a load. One of another shape is the failure of the filter that was loaded. */
export function readLoaded(payload: Buffer): LoadOutcome {
  const reply: unknown = JSON.parse(payload.toString())
  if (!Value.Check(LoadedSchema, reply))
    return { ok: false, ...brokeProtocol('its answer to a load has another shape') }
  const { ok, description = '', reason = 'error', error } = reply
  return ok
    ? { ok: true, description: description.slice(0, MESSAGE_CHARS) }
    : { ok: false, reason, error: told(error ?? { message: 'could not be loaded' }) }
}

/** Reads the first error of a batch under way. */
export function readNoted(payload: Buffer): NotedReply {
  const reply: unknown = JSON.parse(payload.toString())
  if (!Value.Check(NotedSchema, reply)) throw new Error('the note of an error has another shape')
  return { seq: reply.seq, ...told(reply) }
}

/** Reads the batch a reply is about. */
export const batchOf = (payload: Buffer): number => payload.readUInt32LE(0)

/**
 * Reads all records. A record whose content cannot be read is the failure of its filter alone. Throws when the reply as a whole is not what the protocol
 * says: then it is not known where one record ends and whose it is.
 */
export function readVerdicts(
  payload: Buffer,
  rows: number,
  programOf: (slot: number) => Answering | undefined,
): VerdictRecord[] {
  const count = payload.readUInt32LE(4)
  const records: VerdictRecord[] = []
  const seen = new Set<number>()
  let at = VERDICTS_HEADER_BYTES
  const bitBytes = 4 * wordsOf(rows)
  for (let i = 0; i < count; i++) {
    const slot = payload.readUInt32LE(at)
    const flags = payload.readUInt32LE(at + 4)
    const extraBytes = payload.readUInt32LE(at + 8)
    const cpuMs = payload.readDoubleLE(at + 16)
    const bitsAt = at + RECORD_HEADER_BYTES
    const scoresAt = bitsAt + 2 * bitBytes
    const extraAt = scoresAt + (flags & RecordFlag.scores ? rows * 8 : 0)
    // Not by bits, which would take the length of a text for a signed number.
    at = extraAt + Math.ceil(extraBytes / 8) * 8
    if (at > payload.length) throw new Error('the reply is shorter than it says')
    const program = programOf(slot)
    if (program === undefined) throw new Error(`the host answered for slot ${slot}, which was not asked`)
    if (seen.has(slot)) throw new Error(`the host answered twice for slot ${slot}`)
    seen.add(slot)
    const passed = readBits(payload, bitsAt, rows)
    const errored = readBits(payload, bitsAt + bitBytes, rows)
    for (const [word, value] of errored.entries()) passed[word] = (passed[word] ?? 0) & ~value
    const charged = chargeableMs(cpuMs, program.limits)
    const extra =
      extraBytes > maxExtraBytes(program.limits)
        ? TOO_MUCH_TEXT
        : readExtra(payload.toString('utf8', extraAt, extraAt + extraBytes), program.limits)
    if (typeof extra === 'string') {
      records.push({ slot, verdicts: failedVerdicts(brokeProtocol(extra), charged) })
      continue
    }
    if (flags & RecordFlag.failed) {
      const failure = extra.failure ?? { reason: 'error', error: { message: 'failed without saying why' } }
      records.push({ slot, verdicts: failedVerdicts({ reason: failure.reason, error: told(failure.error) }, charged) })
      continue
    }
    if (extra.wants !== undefined) {
      records.push({ slot, verdicts: wanting(extra.wants, program, charged) })
      continue
    }
    const { firstError, logs = [], logsDropped = 0 } = extra
    const notes = extra.annotations?.filter(([row]) => row < rows) ?? []
    records.push({
      slot,
      verdicts: {
        passed,
        errored,
        ...(flags & RecordFlag.scores ? { scores: readScores(payload, scoresAt, passed, rows) } : {}),
        ...(notes.length === 0 ? {} : { annotations: new Map(notes) }),
        ...(firstError === undefined
          ? {}
          : { firstError: { row: Math.min(firstError.row, rows - 1), ...told(firstError) } }),
        logs,
        logsDropped,
        cpuMs: charged,
      },
    })
  }
  if (at !== payload.length) throw new Error('the reply is longer than it says')
  return records
}

const TOO_MUCH_TEXT = 'its answer carries more text than a filter may write'
/** Bytes of a character in JSON within JSON at most. */
const CHARACTER_BYTES = 8
/** Its first error, names of fields it wants, and what lies between. */
const OTHER_BYTES = 1 << 18

/** Beyond it, a filter's text is not even parsed. */
const maxExtraBytes = ({ logChars, annotationChars }: Limits): number =>
  OTHER_BYTES + CHARACTER_BYTES * (logChars + annotationChars * ANNOTATION_BUDGET)

function readBits(payload: Buffer, at: number, rows: number): Uint32Array {
  const words = new Uint32Array((rows + 31) >>> 5)
  for (let i = 0; i < words.length; i++) words[i] = payload.readUInt32LE(at + 4 * i)
  if (rows % 32 > 0) words[words.length - 1] = (words.at(-1) ?? 0) & ((1 << (rows % 32)) - 1)
  return words
}

/** Scores of the rows that pass. */
function readScores(payload: Buffer, at: number, passed: Uint32Array, rows: number): Float64Array {
  const scores = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const score = payload.readDoubleLE(at + 8 * row)
    const passes = (((passed[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1
    scores[row] = passes && score > 0 && score < Infinity ? score : NaN
  }
  return scores
}

/** What a record says besides its bits, or what is wrong with it. */
function readExtra(text: string, { logChars, annotationChars }: Limits): Extra | string {
  if (text === '') return {}
  const extra = parsed(text)
  if (extra === undefined) return 'it answered with a text that is not JSON'
  if (!Value.Check(ExtraSchema, extra)) return 'its answer has another shape than agreed'
  const logged = extra.logs?.reduce((sum, line) => sum + line.length, 0) ?? 0
  const annotated = extra.annotations?.reduce((sum, [, json]) => sum + json.length, 0) ?? 0
  if (logged > logChars + 2 * MAX_LOG_LINES || annotated > annotationChars * ANNOTATION_BUDGET) return TOO_MUCH_TEXT
  if (extra.annotations?.some(([, json]) => parsed(json) === undefined)) return 'its annotations are not JSON'
  return extra
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
