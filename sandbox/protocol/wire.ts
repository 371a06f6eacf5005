// What the trusted side and a host process or container say to each other. In goes what is to be loaded or evaluated, out come answers and verdicts, as
// length-prefixed frames over stdio; batches go through the ring file, intents through a small file.
import { type ColumnSet } from '../columns/batch.ts'
import { type AuthorError, type FailureReason, type Limits } from '../sandbox.ts'

/** A frame is a u32 of payload bytes, a u32 of kind, and the payload. */
export const FRAME_HEADER_BYTES = 8

/** To the host; payloads are JSON. */
export const MessageKind = { layout: 1, load: 2, unload: 3, evaluate: 4, makeAhead: 5 } as const

/** From the host; payloads are JSON except those of verdicts. */
export const ReplyKind = { ready: 1, loaded: 2, verdicts: 3, noted: 4 } as const

/** Descriptors a host inherits besides stdio: the ring (read only) and its intent record (write only). */
export const HostFd = { ring: 3, intent: 4 } as const

/** The intent record: u32 each of slot, batch or load number, phase, and a count of records, so that a change is always visible. */
export const INTENT_BYTES = 16
export const Phase = { idle: 0, load: 1, evaluate: 2 } as const

export interface LayoutMessage {
  readonly layout: number
  readonly set: ColumnSet
}

export interface LoadMessage {
  readonly seq: number
  readonly slot: number
  readonly source: string
  readonly fileName: string
  readonly reads: ColumnSet
  /** All fields its views know, `reads` among them; absent: as `reads`. */
  readonly offers?: ColumnSet
  readonly limits: Limits
}

export interface UnloadMessage {
  readonly slot: number
}

/** To a host that stands by: isolates for filters of this limit will be needed. */
export interface MakeAheadMessage {
  readonly memoryMb: number
  readonly count: number
}

export interface EvaluateMessage {
  readonly seq: number
  readonly layout: number
  /** Where the batch lies in the ring, in bytes. */
  readonly offset: number
  readonly rows: number
  /** Items of each list of the layout. */
  readonly items: readonly number[]
  readonly textUnits: number
  readonly binaryBytes: number
  readonly slots: readonly number[]
}

export interface LoadedReply {
  readonly seq: number
  readonly slot: number
  readonly ok: boolean
  readonly description?: string
  readonly reason?: 'syntax' | 'no-filter' | FailureReason
  readonly error?: AuthorError
}

/** The first error of a batch while the batch goes on, from a container: should it not be answered, its author knows this at least. */
export interface NotedReply extends AuthorError {
  readonly seq: number
}

/**
 * Verdicts: u32 batch, u32 records; then per filter u32 slot, u32 flags, u32 bytes of extra, u32 zero, f64 CPU ms, the passed words, the errored words,
 * the scores (rows × f64) if flagged, and the extra (UTF-8 JSON, padded to eight bytes). Words are padded to an even count.
 */
export const VERDICTS_HEADER_BYTES = 8
export const RECORD_HEADER_BYTES = 24
export const RecordFlag = { scores: 1, failed: 2 } as const

/** Words of a bit per row, padded so that what follows is aligned. */
export const wordsOf = (rows: number): number => ((rows + 63) >>> 6) << 1

/** What a filter says besides its bits; absent parts are empty. */
export interface Extra {
  readonly failure?: { readonly reason: FailureReason; readonly error: AuthorError }
  readonly firstError?: AuthorError & { readonly row: number }
  readonly logs?: readonly string[]
  readonly logsDropped?: number
  readonly annotations?: readonly (readonly [row: number, json: string])[]
  /** Columns it reached and does not carry, in the form of columns/wanted-columns.ts; the batch then has no verdict from it. */
  readonly wants?: readonly string[]
}

/** Characters of all annotations of one batch of one filter at most, as a multiple of the limit of one. */
export const ANNOTATION_BUDGET = 64
