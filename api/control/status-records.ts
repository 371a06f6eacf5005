// What nodes report in skysieve.status, as the API reads it: records of other software versions are tolerated field by field.
import { Type, type Static } from 'typebox'

export const STATUS_TOPIC = 'skysieve.status'

const VisitId = Type.String({ pattern: '^-?[0-9]{1,19}$' })

export const VisitCounts = Type.Object({
  visit: VisitId,
  seen: Type.Integer(),
  passed: Type.Integer(),
  delivered: Type.Integer(),
  overCap: Type.Integer(),
  errors: Type.Integer(),
  /** Record timestamp of the visit's first packet, ms since 1970. */
  firstMs: Type.Optional(Type.Number()),
  /** When its node last changed it, by the node's clock. */
  touchedMs: Type.Optional(Type.Number()),
})
export type VisitCounts = Static<typeof VisitCounts>

/** Key: the filter's id. */
export const FilterStatus = Type.Object({
  filter: Type.String(),
  mirror: Type.String(),
  shard: Type.Integer(),
  state: Type.Union([
    Type.Literal('live'),
    Type.Literal('catching-up'),
    Type.Literal('paused'),
    Type.Literal('suspended'),
    Type.Literal('failed'),
  ]),
  version: Type.Integer(),
  generation: Type.Integer(),
  reason: Type.Optional(Type.String()),
  /** What keeps its node from loading it, which is no fault of its own. */
  waitsFor: Type.Optional(Type.String()),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  /** The newest error of a single alert; the filter goes on. */
  lastError: Type.Optional(
    Type.Object({
      message: Type.String(),
      line: Type.Optional(Type.Integer()),
      column: Type.Optional(Type.Integer()),
    }),
  ),
  /** Null until it is in one. */
  lane: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  visits: Type.Array(VisitCounts),
  cpuMs: Type.Number(),
  /** For how many alerts that was. */
  cpuAlerts: Type.Optional(Type.Number({ minimum: 0 })),
  /** Where it was let go, while it moves to another mirror. */
  cut: Type.Optional(
    Type.Object({
      at: Type.String(),
      sinceMs: Type.Number(),
      visits: Type.Array(VisitId, { maxItems: 10_000 }),
    }),
  ),
  updatedAt: Type.String(),
})
export type FilterStatus = Static<typeof FilterStatus>

/** Offsets of a partition that nobody has any more, when that was noticed, and when they were sent. */
const OFFSETS = {
  partition: Type.Integer(),
  from: Type.String(),
  to: Type.String(),
  at: Type.String(),
  since: Type.Optional(Type.String()),
  until: Type.Optional(Type.String()),
}

/**
 * Alerts of a partition that were gone before they could be evaluated. In the lane `mirror` offsets are the hub's: they had left it before they were
 * copied to the node, and were sent between `since` and `until`, where that is known.
 */
export const Gap = Type.Object({
  lane: Type.String({ description: 'a lane of the node, or `mirror`: they never reached the node' }),
  topic: Type.String(),
  ...OFFSETS,
})

const Bytes = Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** The machine that a shard runs on. */
export const MachineStatus = Type.Object({
  number: Type.Optional(Type.Integer({ minimum: 1, maximum: 3, description: 'of a cell: which of its machines' })),
  name: Type.String({ maxLength: 253 }),
  cores: Type.Integer({ minimum: 1, maximum: 4096 }),
  cpuShare: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'of all its cores, lately, whoever used them' }),
  ),
  memoryBytes: Bytes,
  memoryFreeBytes: Bytes,
  diskBytes: Type.Optional(Bytes),
  diskFreeBytes: Type.Optional(Bytes),
  clockMs: Type.Optional(
    Type.Number({
      minimum: -Number.MAX_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'by how much its clock is ahead of the hub’s, with what the quickest copy takes (some 100 ms)',
    }),
  ),
  version: Type.String({ maxLength: 60 }),
  languages: Type.Array(Type.String({ maxLength: 20 }), { maxItems: 20, description: 'that run there' }),
})

/** How far the node's copy is behind the hub. */
export const MirrorLag = Type.Object({
  alerts: Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  seconds: Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
})

/** Key: `node/<mirror>/<shard>`. */
export const ShardStatus = Type.Object({
  mirror: Type.String(),
  shard: Type.Integer(),
  /** How many the mirror has. */
  shards: Type.Integer(),
  filters: Type.Integer(),
  lagAlerts: Type.Number(),
  /** Newest last. */
  gaps: Type.Optional(Type.Array(Gap)),
  /** Filters that have gone to another mirror and whose visits are over here, each with the `at` of its handover. */
  over: Type.Optional(
    Type.Array(Type.Object({ filter: Type.String({ maxLength: 11 }), at: Type.String({ maxLength: 40 }) }), {
      maxItems: 1000,
    }),
  ),
  machine: Type.Optional(MachineStatus),
  /** Absent while it is not known. */
  mirrorLag: Type.Optional(MirrorLag),
  updatedAt: Type.String(),
})
export type ShardStatus = Static<typeof ShardStatus>

/** Packets that were gone at the survey before they were read; an unknown number where `to` is not above `from`. */
const UpstreamGap = Type.Object(OFFSETS)

/** Key: `upstream/<name>`. */
export const UpstreamStatus = Type.Object({
  upstream: Type.String(),
  stream: Type.String({ description: 'the stream of this system that it feeds' }),
  topic: Type.String({ description: 'at the survey' }),
  bootstrap: Type.String({ description: 'the survey’s brokers' }),
  registry: Type.Union([Type.String(), Type.Null()], { description: 'the survey’s schema registry' }),
  format: Type.Union([Type.Literal('framed'), Type.Literal('container')]),
  state: Type.Union([Type.Literal('copying'), Type.Literal('waiting')]),
  reason: Type.Optional(Type.String({ description: 'why it waits, and what to do' })),
  lag: Type.Union([Type.Object({ alerts: Type.Number(), seconds: Type.Number() }), Type.Null()], {
    description:
      'records at the survey that are not here, and since when the oldest of them has been there; null while that is not known',
  }),
  packets: Type.Integer({ description: 'that came into the stream since it was added' }),
  bytes: Type.Integer(),
  deadLetters: Type.Integer({ description: 'records of the survey that are no packet' }),
  schemas: Type.Array(Type.Integer(), {
    description: 'ids of schemas that came from the survey since the last start, newest last',
  }),
  gaps: Type.Array(UpstreamGap, {
    description: 'packets that were gone at the survey before they were read, newest last',
  }),
  newestPacket: Type.Union([Type.String(), Type.Null()], { description: 'when the newest packet was sent' }),
  updatedAt: Type.String({ description: 'when it last reported' }),
})
export type UpstreamStatus = Static<typeof UpstreamStatus>

export const StatusValue = Type.Union([FilterStatus, ShardStatus, UpstreamStatus])
export type StatusValue = Static<typeof StatusValue>
