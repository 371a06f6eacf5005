// Filters, and what is said of a source, as they leave the API.
import { Type, type Static } from 'typebox'
import {
  CapPolicy,
  FilterId,
  Language,
  type LostPart,
  type Manifest,
  Placement,
  Start,
  State,
  topicOfFilter,
  TrialSummary,
  WantedLabels,
} from '#filters'
import { type JobStage, Stage, stageOf } from '../../submissions/stage.ts'
import { FilterStatus } from '../../control/status-records.ts'
import { asLine } from '../requests/text-formats.ts'

const Time = Type.String({ format: 'date-time' })
const SourceProblem = Type.Object({
  code: Type.Optional(Type.String()),
  message: Type.String(),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
})

export const VersionView = Type.Object({
  number: Type.Integer(),
  language: Language,
  sha256: Type.String(),
  createdAt: Time,
})

const FilterGap = Type.Object({
  at: Time,
  mirror: Type.String({ description: 'the node that was lost' }),
  visits: Type.Array(Type.String(), { description: 'what it had not delivered of these is given up' }),
  before: Type.String({ format: 'date-time', description: 'and alerts older than this that came late' }),
  message: Type.String(),
})

export const FilterView = Type.Object({
  id: FilterId,
  name: Type.String(),
  owner: Type.String(),
  description: Type.String(),
  stream: Type.String(),
  cap: Type.Integer(),
  policy: CapPolicy,
  start: Start,
  expires: Type.Optional(Time),
  cutouts: Type.Boolean(),
  /** That its node must have. */
  labels: Type.Optional(WantedLabels),
  state: State,
  /** One word for people: where it is between submission and delivering. */
  stage: Stage,
  problems: Type.Array(SourceProblem),
  active: Type.Integer(),
  versions: Type.Array(VersionView),
  /** Null before there was one. No alerts: there is no sample of its stream, so it was not tried. */
  trial: Type.Union([TrialSummary, Type.Null()]),
  placement: Type.Union([Placement, Type.Null()]),
  /** Where it is to run, until its present node has let go. */
  moving: Type.Optional(Type.Object({ to: Placement, at: Time })),
  /** What was given up of it with nodes that were lost for good, newest last. */
  gaps: Type.Optional(Type.Array(FilterGap)),
  topic: Type.String(),
  generation: Type.Integer(),
  status: Type.Union([FilterStatus, Type.Null()]),
  /** Why it is on no node yet. */
  waitsFor: Type.Optional(Type.String()),
  /** What its author had better know; in the answer to a submission. */
  warnings: Type.Optional(Type.Array(SourceProblem)),
  createdAt: Time,
  updatedAt: Time,
})
export type FilterView = Static<typeof FilterView>

function gapOf({ mirror, at, visits, beforeMs }: LostPart): Static<typeof FilterGap> {
  const before = new Date(beforeMs).toISOString()
  const named = visits.length === 0 ? '' : ` of visit${visits.length === 1 ? '' : 's'} ${visits.join(', ')} or`
  const message = `${mirror} was lost for good: what it had not delivered${named} of alerts from before ${before} is given up; what it delivered last may have come twice`
  return { at, mirror, visits: [...visits], before, message }
}

/** A manifest with what its node last reported; of one that has none, where it is on its way to one, and what keeps it there. */
export function filterView(
  manifest: Manifest,
  status: FilterStatus | undefined,
  job?: JobStage,
  waitsFor?: string,
): FilterView {
  const { trust: _trust, handover: _handover, formerly: _formerly, lost, versions, ...rest } = manifest
  return {
    ...rest,
    ...(lost === undefined ? {} : { gaps: lost.map(gapOf) }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
    description: asLine(rest.description),
    stage: stageOf(manifest, status, job),
    versions: versions.map(({ source: _source, bytes: _bytes, ...version }) => version),
    trial: manifest.trial ?? null,
    topic: topicOfFilter(manifest.id),
    status: status ?? null,
  }
}

export const DiagnosisView = Type.Object({
  ok: Type.Boolean(),
  description: Type.String(),
  problems: Type.Array(SourceProblem),
  warnings: Type.Array(SourceProblem),
  readsEverything: Type.Boolean(),
  fields: Type.Array(Type.String()),
})
