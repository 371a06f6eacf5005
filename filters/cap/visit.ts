// What is known of one filter in one visit: counts, the ids that went out, and under `best` the candidates that wait for its close. Policies and rules on it lie
// beside this file; they take state and time and give a decision, without I/O.

/** Where a packet lies, to read it again. */
export interface Source {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** A passing alert of a `best` filter that is among the best so far. */
export interface Candidate {
  readonly alert: bigint
  readonly score: number
  readonly source: Source
  readonly version: number
  readonly annotations?: string
}

/** passed = delivered.length + overCap + held.length + duplicates + gone; seen counts every alert the filter was given, errors those it failed on. */
export interface Visit {
  seen: number
  passed: number
  errors: number
  overCap: number
  /** Alerts that passed again after they were delivered or held: the hub received them twice. */
  duplicates: number
  /** Winners of `best` whose packet had left the topic before the visit closed. */
  gone: number
  /** In the order of delivery; position i + 1 within the cap. Only grows. */
  readonly delivered: bigint[]
  /** Best first. Of a closed visit, those that are still to be delivered. */
  held: Candidate[]
  closed: boolean
  /** When the first and the newest packet of the visit came to this node, ms since 1970. */
  firstMs: number
  lastMs: number
  /** When this worker last changed it, ms since 1970: decides when it may be forgotten. */
  touchedMs: number
}

export const newVisit = (cameMs: number, nowMs: number): Visit => ({
  seen: 0,
  passed: 0,
  errors: 0,
  overCap: 0,
  duplicates: 0,
  gone: 0,
  delivered: [],
  held: [],
  closed: false,
  firstMs: cameMs,
  lastMs: cameMs,
  touchedMs: nowMs,
})

/** What the cap says to an alert that passed. */
export type Decision = 'deliver' | 'hold' | 'over-cap' | 'duplicate'
