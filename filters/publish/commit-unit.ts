// A commit unit: what some rows of a batch lead to (deliveries, alerts over the cap, dead letters, logs), and the progress records as they are after exactly these
// rows. Units commit whole and in order, so a transaction may end between any two. A batch is cut into units of about 4 MB (verdicts/apply-verdicts.ts).
import { type Source } from '../cap/visit.ts'
import { type Change } from '../progress/keys.ts'

/** A packet on its way to a filter's topic. */
export interface Delivery {
  readonly filter: string
  readonly version: number
  readonly visit: bigint
  readonly alert: bigint
  /** 1-based place within the cap. */
  readonly position: number
  readonly score?: number
  readonly annotations?: string
  readonly source: Source
  readonly evaluatedMs: number
  /** As received. */
  readonly packet: Buffer
}

/** Alerts of one filter and visit that passed and found the cap full. A unit has one for each filter and visit at most. */
export interface OverCap {
  readonly filter: string
  readonly visit: bigint
  /** All of the visit so far, exactly. */
  total: number
  /** How many of them came with this unit. */
  added: number
  /** Those that came with this unit and are among the visit's first OVER_CAP_IDS. */
  readonly alerts: { readonly alert: bigint; readonly source: Source }[]
}

/** Of each visit the ids of so many alerts over the cap are written down; all are counted. */
export const OVER_CAP_IDS = 1000

/** A packet that could not be read, with the reason. */
export interface DeadLetter {
  readonly packet: Buffer
  readonly reason: string
  readonly message: string
  readonly source: Source
}

/** What a filter printed. */
interface LogLines {
  readonly filter: string
  readonly version: number
  readonly lines: readonly string[]
  readonly dropped: number
  readonly at: string
}

export interface CommitUnit {
  /** Set for rows of a live lane, and for rows that yield to those until a moment (performance.now()); every other unit keeps its place in the queue. */
  rank?: 'live' | { readonly untilMs: number }
  readonly deliveries: Delivery[]
  readonly overCap: OverCap[]
  readonly deadLetters: DeadLetter[]
  readonly logs: LogLines[]
  readonly changes: Map<string, Change>
  /** Bytes of packets that it writes. */
  bytes: number
  /** Bytes of packets that it keeps in memory: one that goes to several filters is there once. */
  heldBytes: number
  /** Bytes of progress records that it writes, about. */
  progressBytes: number
  /** Alerts evaluated in it. */
  rows: number
}

export const emptyUnit = (): CommitUnit => ({
  deliveries: [],
  overCap: [],
  deadLetters: [],
  logs: [],
  changes: new Map(),
  bytes: 0,
  heldBytes: 0,
  progressBytes: 0,
  rows: 0,
})

/** A unit without rows: progress records that change between two batches. */
export const changesOnly = (...changes: readonly (readonly [key: string, change: Change])[]): CommitUnit => ({
  ...emptyUnit(),
  changes: new Map(changes),
})
