// Values of the progress topic as JSON: 64-bit numbers are decimal strings. What is read back is checked, because a cap depends on it.
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type Doubt } from '../cap/visit-time.ts'
import { type Candidate, type Visit } from '../cap/visit.ts'
import { FilterError } from '../errors.ts'
import { Suspension } from '../manifest.ts'

/** A lane of one stream: what it has evaluated, and how far each partition's time has come. */
export interface LaneRecord {
  readonly stream: string
  /** Of a live lane, the identity of the topic that all positions of its stream are of: one made anew has another. */
  topicId?: string | undefined
  readonly positions: Map<number, bigint>
  /** Ids of the schemas its packets had, in the order they came: filters are loaded with their fields at the next start. */
  readonly schemas: number[]
  /** Newest record timestamp of each partition that is believed, ms since 1970. */
  readonly newestMs: Map<number, number>
  /** Of each partition, a moment by which all that had come was read, ms since 1970. */
  readMs?: Map<number, number> | undefined
  /** Timestamps that are not believed yet. Not written down: forgetting one delays the end of visits until the next. */
  doubts?: Map<number, Doubt>
}

/** What a node keeps of a filter that leaves it: these visits, and packets older than `sinceMs` (record timestamp, ms since 1970). */
export interface Cut {
  /** Names the move: when it was asked for. */
  readonly at: string
  readonly sinceMs: number
  readonly visits: readonly bigint[]
}

/** A filter on this shard. Its lane is undefined while it does not run. */
export interface FilterRecord {
  lane: string | undefined
  version: number
  generation: number
  strikes: number
  /** Slow filters keep a lane of their own until their owner changes them. */
  isSlow: boolean
  /** Names of columns that its version was found to read besides those that stand in its source. */
  learned: readonly string[]
  /** Set while it is ahead of the lane it joined. */
  readonly ahead: Map<number, bigint>
  suspension: Suspension | undefined
  /** Where it was let go, if it has moved to another mirror or is about to. */
  cut: Cut | undefined
  /** The move by which it came here, if it has begun where that says. */
  arrived: string | undefined
  /** CPU it has used since it was submitted, and how many alerts that was for. */
  cpuMs: number
  cpuAlerts: number
}

const Long = Type.String({ pattern: '^-?[0-9]{1,19}$' })
const Offsets = Type.Record(Type.String({ pattern: '^[0-9]+$' }), Long)

const LaneJson = Compile(
  Type.Object({
    stream: Type.String(),
    topicId: Type.Optional(Type.String()),
    positions: Offsets,
    schemas: Type.Optional(Type.Array(Type.Integer())),
    newestMs: Type.Record(Type.String(), Type.Number()),
    readMs: Type.Optional(Type.Record(Type.String(), Type.Number())),
  }),
)
const FilterJson = Compile(
  Type.Object({
    lane: Type.Optional(Type.String()),
    version: Type.Integer(),
    generation: Type.Integer(),
    strikes: Type.Integer(),
    isSlow: Type.Optional(Type.Boolean()),
    learned: Type.Optional(Type.Array(Type.String())),
    ahead: Type.Optional(Offsets),
    suspension: Type.Optional(Suspension),
    arrived: Type.Optional(Type.String()),
    cut: Type.Optional(Type.Object({ at: Type.String(), sinceMs: Type.Number(), visits: Type.Array(Long) })),
    /** Null where something was written that is no number; it is only shown, so anything is accepted. */
    cpuMs: Type.Optional(Type.Unknown()),
    cpuAlerts: Type.Optional(Type.Unknown()),
  }),
)
const CandidateJson = Type.Object({
  alert: Long,
  score: Type.Number(),
  topic: Type.String(),
  partition: Type.Integer(),
  offset: Long,
  version: Type.Integer(),
  annotations: Type.Optional(Type.String()),
})
const HeldJson = Compile(CandidateJson)
const Count = Type.Integer({ minimum: 0 })
const VisitJson = Compile(
  Type.Object({
    seen: Count,
    passed: Count,
    errors: Count,
    overCap: Count,
    duplicates: Type.Optional(Count),
    gone: Type.Optional(Count),
    delivered: Type.Array(Long),
    /** As it was written before candidates had records of their own. */
    held: Type.Optional(Type.Array(CandidateJson)),
    heldCount: Type.Optional(Count),
    closed: Type.Optional(Type.Boolean()),
    firstMs: Type.Number(),
    lastMs: Type.Number(),
    touchedMs: Type.Number(),
  }),
)

const toObject = <T>(map: ReadonlyMap<number, T>): Record<string, string | T> =>
  Object.fromEntries([...map].map(([key, value]) => [key, typeof value === 'bigint' ? value.toString() : value]))
const toPositions = (object: Record<string, string>): Map<number, bigint> =>
  new Map(Object.entries(object).map(([partition, offset]) => [Number(partition), BigInt(offset)]))

const toTimes = (object: Record<string, number>): Map<number, number> =>
  new Map(Object.entries(object).map(([partition, ms]) => [Number(partition), ms]))

function parse<T>(key: string, text: string, check: (value: unknown) => value is T): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw corrupt(key, { cause })
  }
  if (!check(value)) throw corrupt(key)
  return value
}

const corrupt = (key: string, options?: ErrorOptions): FilterError =>
  new FilterError(
    'FILTER_PROGRESS_CORRUPT',
    `The progress record ${key} is not readable; it was written by a newer version or by something else. The shard does not start, because a cap could be exceeded: start the version that wrote it, or delete that filter`,
    options,
  )

export const encodeLane = ({ stream, topicId, positions, schemas, newestMs, readMs }: LaneRecord): string =>
  JSON.stringify({
    stream,
    topicId,
    positions: toObject(positions),
    schemas,
    newestMs: toObject(newestMs),
    ...(readMs === undefined ? {} : { readMs: toObject(readMs) }),
  })

export function decodeLane(key: string, text: string): LaneRecord {
  const { stream, topicId, positions, schemas, newestMs, readMs } = parse(key, text, value => LaneJson.Check(value))
  return {
    stream,
    topicId,
    positions: toPositions(positions),
    schemas: schemas ?? [],
    newestMs: toTimes(newestMs),
    ...(readMs === undefined ? {} : { readMs: toTimes(readMs) }),
  }
}

export const encodeFilter = ({ ahead, isSlow, learned, cut, ...record }: FilterRecord): string =>
  JSON.stringify({
    ...record,
    ...(isSlow ? { isSlow } : {}),
    ...(learned.length > 0 ? { learned } : {}),
    ...(cut === undefined ? {} : { cut: { ...cut, visits: cut.visits.map(String) } }),
    ...(ahead.size > 0 ? { ahead: toObject(ahead) } : {}),
  })

export function decodeFilter(key: string, text: string): FilterRecord {
  const record = parse(key, text, value => FilterJson.Check(value))
  const { lane, suspension, ahead, isSlow, learned, cut, arrived, cpuMs, cpuAlerts, ...rest } = record
  return {
    ...rest,
    // In records from before alerts were counted, the time is for an unknown number: both begin anew.
    cpuMs: cpuAlerts === undefined ? 0 : finite(cpuMs),
    cpuAlerts: finite(cpuAlerts),
    lane,
    suspension,
    arrived,
    isSlow: isSlow ?? false,
    learned: learned ?? [],
    cut: cut && { ...cut, visits: cut.visits.map(BigInt) },
    ahead: toPositions(ahead ?? {}),
  }
}

/** A time or a count that can be added up and written as JSON. */
export const finite = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0

export const encodeCandidate = ({ alert, score, source, version, annotations }: Candidate): string =>
  JSON.stringify({
    alert: alert.toString(),
    score,
    topic: source.topic,
    partition: source.partition,
    offset: source.offset.toString(),
    version,
    annotations,
  })

const candidateOf = ({
  alert,
  score,
  topic,
  partition,
  offset,
  version,
  annotations,
}: Static<typeof CandidateJson>): Candidate => ({
  alert: BigInt(alert),
  score,
  source: { topic, partition, offset: BigInt(offset) },
  version,
  ...(annotations === undefined ? {} : { annotations }),
})

export const decodeCandidate = (key: string, text: string): Candidate =>
  candidateOf(parse(key, text, value => HeldJson.Check(value)))

/** Its candidates have records of their own (`heldKey`); how many there are, it says. */
export const encodeVisit = ({ delivered, held, closed, duplicates, gone, ...counts }: Visit): string =>
  JSON.stringify({
    ...counts,
    delivered: delivered.map(String),
    ...(duplicates > 0 ? { duplicates } : {}),
    ...(gone > 0 ? { gone } : {}),
    ...(held.length > 0 ? { heldCount: held.length } : {}),
    ...(closed ? { closed } : {}),
  })

/** A visit as its record has it. */
export interface VisitRecord {
  /** Has candidates only if it was written before these had records of their own. */
  readonly state: Visit
  readonly heldCount: number
}

export function decodeVisitRecord(key: string, text: string): VisitRecord {
  const value = parse(key, text, one => VisitJson.Check(one))
  const { delivered, held, heldCount, closed = false, duplicates = 0, gone = 0, ...counts } = value
  const candidates = (held ?? []).map(candidateOf)
  return {
    state: { ...counts, duplicates, gone, closed, delivered: delivered.map(BigInt), held: candidates },
    heldCount: heldCount ?? candidates.length,
  }
}

/** What was counted of a visit; candidates are not in it. */
export const decodeVisit = (key: string, text: string): Visit => decodeVisitRecord(key, text).state
