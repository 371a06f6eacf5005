// The record of a filter in skysieve.filters: what its author submitted, what runs, and where. Written by the API only.
import { Type, type Static } from 'typebox'

export const FILTERS_TOPIC = 'skysieve.filters'

/** Immutable and unguessably distinct; topic names are made from it. */
export const FilterId = Type.String({ pattern: '^f[0-9a-z]{10}$', maxLength: 11 })

export const Language = Type.Union([Type.Literal('javascript'), Type.Literal('typescript'), Type.Literal('python')])
export type Language = Static<typeof Language>
export const LANGUAGES: readonly Language[] = Language.anyOf.map(({ const: name }) => name)
/** Those of which filters run on a machine: Python with a Docker engine. */
export const languagesThatRun = (hasEngine: boolean): Language[] =>
  LANGUAGES.filter(language => hasEngine || language !== 'python')
export const CapPolicy = Type.Union([Type.Literal('first'), Type.Literal('best')])

/** Where a filter begins: at the end of the stream when it goes live, at the oldest packet, at a time, or with a visit. */
export const Start = Type.Union([
  Type.Literal('now'),
  Type.Literal('earliest'),
  Type.Object({ time: Type.String({ format: 'date-time', maxLength: 40 }) }, { additionalProperties: false }),
  Type.Object({ visit: Type.String({ pattern: '^-?[0-9]{1,19}$', maxLength: 20 }) }, { additionalProperties: false }),
])

/** Labels that a filter's node must have. */
export const WantedLabels = Type.Record(
  Type.String({ pattern: '^[a-z][a-z0-9.-]{0,30}$' }),
  Type.String({ pattern: '^[A-Za-z0-9._-]{1,62}$', maxLength: 62 }),
  { maxProperties: 8, additionalProperties: false },
)

/** What an author sends: POST /v1/filters. */
export const Submission = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 80, pattern: '^[A-Za-z0-9][A-Za-z0-9 _-]*$' }),
    stream: Type.Optional(Type.String({ default: 'lsst', maxLength: 32 })),
    language: Language,
    source: Type.String({ minLength: 1, maxLength: 262_144 }),
    cap: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    policy: Type.Optional(CapPolicy),
    start: Type.Optional(Start),
    /** `end-of-night`: the next noon in UTC, when the survey's night (day_obs) changes. */
    expires: Type.Optional(
      Type.Union([Type.String({ format: 'date-time', maxLength: 40 }), Type.Literal('end-of-night')]),
    ),
    cutouts: Type.Optional(Type.Boolean()),
    labels: Type.Optional(WantedLabels),
  },
  { additionalProperties: false },
)
export type Submission = Static<typeof Submission>

/** A version never changes; the same source twice is the same version. */
export const Version = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  language: Language,
  /** Its text, only where it has no record of its own (`sources.ts`): manifests of former versions of this software. */
  source: Type.Optional(Type.String()),
  sha256: Type.String(),
  /** What the record of its source takes. */
  bytes: Type.Optional(Type.Integer()),
  createdAt: Type.String({ format: 'date-time' }),
})
export type Version = Static<typeof Version>

export const Placement = Type.Object({ mirror: Type.String(), shard: Type.Integer({ minimum: 0 }) })
export type Placement = Static<typeof Placement>

/**
 * An operator wants it on another mirror: its node lets go at an exact place and reports that, and `handover` follows. `lateMs`: no packet of a visit comes
 * later than that after the one before it; ten minutes where absent.
 */
const Moving = Type.Object({
  to: Placement,
  at: Type.String({ format: 'date-time' }),
  lateMs: Type.Optional(Type.Number({ minimum: 0 })),
})

/** Why a filter does not run, for its author. Holds for the generation it was made in; the owner's `resume` raises the manifest's. */
export const Suspension = Type.Object({
  generation: Type.Integer(),
  reason: Type.String(),
  message: Type.String(),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  at: Type.String(),
})
export type Suspension = Readonly<Static<typeof Suspension>>

/** CPU time of a filter as its node measured it, and of how many alerts. */
const MeasuredCpu = Type.Object({ ms: Type.Number({ minimum: 0 }), alerts: Type.Number({ minimum: 0 }) })

const VisitText = Type.String({ pattern: '^-?[0-9]{1,19}$' })

/**
 * It came from another mirror, which finishes, until `until`, the visits it had begun and what is older than `sinceMs` (record timestamp, ms since 1970).
 * Everything else is evaluated where it is placed now. With `suspension` it came suspended, and stays so until its generation is raised. `cpu` is what it
 * cost before: where it is now it is not measured yet.
 */
export const Handover = Type.Object({
  from: Placement,
  at: Type.String({ format: 'date-time' }),
  sinceMs: Type.Number(),
  visits: Type.Array(VisitText),
  until: Type.String({ format: 'date-time' }),
  lateMs: Type.Optional(Type.Number({ minimum: 0 })),
  suspension: Type.Optional(Suspension),
  cpu: Type.Optional(MeasuredCpu),
})
export type Handover = Static<typeof Handover>

/** Where it ran before: its topic there, and its users, are kept until then. */
export const FormerPlace = Type.Object({ ...Placement.properties, until: Type.String({ format: 'date-time' }) })
export type FormerPlace = Static<typeof FormerPlace>

/** What was given up of a filter whose node was lost for good: what that had not delivered of these visits, and alerts older than `beforeMs`. */
export const LostPart = Type.Object({
  mirror: Type.String(),
  at: Type.String({ format: 'date-time' }),
  visits: Type.Array(VisitText),
  /** Record timestamp, ms since 1970. */
  beforeMs: Type.Number(),
})
export type LostPart = Static<typeof LostPart>

/**
 * submitted → checked and tried by the API's jobs → active (placed; its node reports `live` in skysieve.status) or rejected;
 * active ↔ paused by the owner; deleted at last. A node's suspension is in its progress and in skysieve.status, not here.
 */
export const State = Type.Union([
  Type.Literal('submitted'),
  Type.Literal('active'),
  Type.Literal('paused'),
  Type.Literal('rejected'),
  Type.Literal('deleted'),
])

/** How the version went that was tried last. No alerts: there is no sample of its stream, so it was not tried. */
export const TrialSummary = Type.Object({
  version: Type.Integer(),
  alerts: Type.Integer(),
  passed: Type.Integer(),
})

export const Manifest = Type.Object({
  id: FilterId,
  name: Type.String(),
  owner: Type.String(),
  description: Type.String(),
  stream: Type.String(),
  cap: Type.Integer({ minimum: 1 }),
  policy: CapPolicy,
  start: Start,
  expires: Type.Optional(Type.String({ format: 'date-time' })),
  cutouts: Type.Boolean(),
  labels: Type.Optional(WantedLabels),
  versions: Type.Array(Version),
  active: Type.Integer({ minimum: 1 }),
  state: State,
  /** Why it was rejected, with positions; empty otherwise. */
  problems: Type.Array(
    Type.Object({
      message: Type.String(),
      line: Type.Optional(Type.Integer()),
      column: Type.Optional(Type.Integer()),
    }),
  ),
  trial: Type.Optional(TrialSummary),
  placement: Type.Union([Placement, Type.Null()]),
  moving: Type.Optional(Moving),
  handover: Type.Optional(Handover),
  /** Newest first. */
  formerly: Type.Optional(Type.Array(FormerPlace)),
  /** Newest last. */
  lost: Type.Optional(Type.Array(LostPart)),
  /** `resume` raises it; a suspension holds for the generation it was made in. */
  generation: Type.Integer({ minimum: 1 }),
  trust: Type.Union([Type.Literal('system'), Type.Literal('known'), Type.Literal('new'), Type.Literal('quarantined')]),
  createdAt: Type.String({ format: 'date-time' }),
  updatedAt: Type.String({ format: 'date-time' }),
})
export type Manifest = Static<typeof Manifest>

export type TrialSummary = Static<typeof TrialSummary>

/** The Kafka topic that carries a filter's deliveries. */
export const topicOfFilter = (id: string): string => `filter.${id}`
