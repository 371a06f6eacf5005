// The shapes that leave the API. Secrets and hashes have no place in any of them; ids are strings, times ISO 8601 in UTC.
import { Type, type Static } from 'typebox'
import {
  CapPolicy,
  FilterId,
  Language,
  type Manifest,
  Placement,
  Start,
  State,
  topicOfFilter,
  TrialSummary,
} from '#filters'
import {
  type AccountRecord,
  AccountName,
  type CredentialRecord,
  Role,
  Scope,
  type TokenRecord,
  type TopicRecord,
} from '../../control/account-records.ts'
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

export const AccountView = Type.Object({
  id: AccountName,
  scopes: Type.Array(Scope),
  limits: Type.Object({
    filters: Type.Integer(),
    requestsPerMinute: Type.Integer(),
    bytesPerMinute: Type.Optional(Type.Integer()),
    kafkaBytesPerSecond: Type.Optional(Type.Integer()),
    kafkaRequestPercent: Type.Optional(Type.Integer()),
  }),
  role: Role,
  /** Topics of the hub that were granted to it. */
  topics: Type.Array(Type.String()),
  createdAt: Time,
})
export const accountView = ({
  kind: _kind,
  state: _state,
  role = 'reader',
  topics = [],
  ...account
}: AccountRecord): Static<typeof AccountView> => ({ ...account, role, topics })

export const TokenView = Type.Object({
  id: Type.String(),
  label: Type.String(),
  scopes: Type.Array(Scope),
  createdAt: Time,
  expiresAt: Type.Optional(Time),
  lastUsedAt: Type.Optional(Time),
})
export function tokenView(record: TokenRecord): Static<typeof TokenView> {
  const { kind: _kind, sha256: _sha256, account: _account, ...token } = record
  return token
}
/** The only answer that ever holds a token. */
export const FreshToken = Type.Object({ ...TokenView.properties, token: Type.String() })

export const CredentialView = Type.Object({
  user: Type.String(),
  topic: Type.String(),
  bootstrap: Type.String(),
  /** The first of `groupPrefixes`. */
  groupPrefix: Type.String(),
  /** Consumer groups of the user's name and of names that begin like these are its own. */
  groupPrefixes: Type.Array(Type.String()),
  createdAt: Time,
  expiresAt: Type.Optional(Time),
})
export function credentialView(
  record: CredentialRecord,
  { bootstrap, groupPrefixes }: { readonly bootstrap: string; readonly groupPrefixes: string[] },
): Static<typeof CredentialView> {
  const { user, topic, createdAt, expiresAt } = record
  const ends = expiresAt === undefined ? {} : { expiresAt }
  return { user, topic, bootstrap, groupPrefix: `${user}.`, groupPrefixes, createdAt, ...ends }
}

/** Programs that read a topic, and settings of Kafka's Java clients. Under TLS they read the authority's certificate from skysieve-ca.pem. */
export const Consumers = Type.Object({
  python: Type.String(),
  kcat: Type.String(),
  kafkajs: Type.String(),
  properties: Type.String(),
})
/** How a client's connection to a broker is secured. */
export const Security = Type.Object({
  protocol: Type.Union([Type.Literal('SASL_PLAINTEXT'), Type.Literal('SASL_SSL')]),
  /** Certificate of the authority that signed the broker's, as PEM; absent where clients know it already. */
  ca: Type.Optional(Type.String()),
})
/** The only answer about a topic that ever holds a Kafka password. */
export const FreshCredential = Type.Object({
  ...CredentialView.properties,
  password: Type.String(),
  mechanism: Type.Literal('SCRAM-SHA-512'),
  ...Security.properties,
  consumers: Consumers,
})

export const LoginView = Type.Object({
  user: Type.String(),
  label: Type.String(),
  bootstrap: Type.String(),
  /** Consumer groups of these names and beneath them are the user's. */
  groupPrefixes: Type.Array(Type.String()),
  topics: Type.Array(Type.String()),
  /** The same login on the nodes, with the topics of the account's filters there. */
  nodes: Type.Array(
    Type.Object({ mirror: Type.String(), bootstrap: Type.String(), topics: Type.Array(Type.String()) }),
  ),
  /** Its share of the account's quota; null is without a limit. */
  bytesPerSecond: Type.Union([Type.Integer(), Type.Null()]),
  requestPercent: Type.Union([Type.Integer(), Type.Null()]),
  createdAt: Time,
  rotatedAt: Type.Optional(Time),
  expiresAt: Type.Optional(Time),
})
export const FreshLogin = Type.Object({
  ...LoginView.properties,
  password: Type.String(),
  mechanism: Type.Literal('SCRAM-SHA-512'),
  ...Security.properties,
})

export const HubTopicView = Type.Object({
  name: Type.String(),
  owners: Type.Array(Type.String()),
  partitions: Type.Integer(),
  retentionMs: Type.Integer(),
  /** Of each partition; -1 is without a bound. */
  retentionBytes: Type.Integer(),
  maxMessageBytes: Type.Integer(),
  createdAt: Time,
})
export const hubTopicView = ({ kind: _kind, state: _state, ...topic }: TopicRecord): Static<typeof HubTopicView> =>
  topic

export const VersionView = Type.Object({
  number: Type.Integer(),
  language: Language,
  sha256: Type.String(),
  createdAt: Time,
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
  topic: Type.String(),
  generation: Type.Integer(),
  status: Type.Union([FilterStatus, Type.Null()]),
  createdAt: Time,
  updatedAt: Time,
})
export type FilterView = Static<typeof FilterView>

/** A manifest with what its node last reported. */
export function filterView(manifest: Manifest, status: FilterStatus | undefined, job?: JobStage): FilterView {
  const { trust: _trust, handover: _handover, versions, ...rest } = manifest
  return {
    ...rest,
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

const PROBLEM = { 'application/problem+json': { schema: Type.Ref('Problem#') } }

/** Longer than any text and any list of an answer: sources have 262,144 characters, a visit 40,000 alerts. */
const MAX_ANSWER_CHARS = 1_048_576
const MAX_ANSWER_ITEMS = 100_000

const boundsOf = ({ type, format }: Record<string, unknown>): object => {
  if (type === 'string') return format === 'binary' ? {} : { maxLength: MAX_ANSWER_CHARS }
  if (type === 'array') return { maxItems: MAX_ANSWER_ITEMS }
  if (type === 'integer') return { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
  return {}
}

/** A schema in which everything has a bound, where it says none itself, so that whoever reads the answers can be written for the longest. */
function bounded(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bounded)
  if (typeof schema !== 'object' || schema === null) return schema
  const own = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, bounded(value)]))
  return { ...boundsOf(own), ...own }
}

/** `ok` with what every route may answer instead. */
export const answers = <S extends Record<number, unknown>>(ok: S) => ({
  ...(bounded(ok) as S),
  '4xx': { description: 'What is wrong with the request.', content: PROBLEM },
  '5xx': { description: 'What is wrong with us.', content: PROBLEM },
})
