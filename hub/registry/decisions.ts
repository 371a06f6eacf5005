// What the registry may write, and why not: the rules of Confluent's registry that its clients rely on. Pure: each decision is the
// records to write, or a refusal that is thrown.
import { avroProblem, identityOf } from './identity.ts'
import {
  configRecord,
  forgottenSchema,
  modeRecord,
  type RegistryRecord,
  schemaRecord,
  type SchemaValue,
} from './records.ts'
import { refuse } from './refusal.ts'
import { type Shelf } from './shelf.ts'

/** Ids below are the surveys' own. */
export const FIRST_AUTOMATIC_ID = 100_000
export const MODES = ['READWRITE', 'READONLY', 'IMPORT'] as const
/** Nothing is compared yet, so nothing else can be promised. */
export const LEVELS = ['NONE'] as const
export const DEFAULT_MODE = 'READWRITE'
export const DEFAULT_LEVEL = 'NONE'

/** The body of a registration. */
export interface Submitted {
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly unknown[]
  readonly metadata?: SchemaValue['metadata']
  readonly id?: number
  readonly version?: number
}

export interface Decision<T> {
  readonly records: readonly RegistryRecord[]
  readonly answer: T
}

const isLive = ({ deleted }: SchemaValue): boolean => deleted !== true
export const liveVersions = (shelf: Shelf, subject: string): SchemaValue[] => shelf.versions(subject).filter(isLive)
const modeOf = (shelf: Shelf, subject: string): string => shelf.mode(subject) ?? shelf.mode() ?? DEFAULT_MODE

/** Throws unless the text is an Avro schema this registry can keep. */
export const demandAvro = ({ schema, schemaType = 'AVRO', references = [] }: Submitted): void => {
  if (schemaType !== 'AVRO') throw refuse('INVALID_SCHEMA', `Schema type ${schemaType} is not kept here; AVRO is`)
  if (references.length > 0)
    throw refuse('INVALID_SCHEMA', 'References to other schemas are not resolved; send the whole schema')
  const problem = avroProblem(schema)
  if (problem !== undefined) throw refuse('INVALID_SCHEMA', `The text is not an Avro schema: ${problem}`)
}

/** The version of a subject that has this schema. */
export const findSame = (
  shelf: Shelf,
  subject: string,
  schema: string,
  withDeleted = false,
): SchemaValue | undefined => {
  const identity = identityOf(schema)
  const candidates = withDeleted ? shelf.versions(subject) : liveVersions(shelf, subject)
  return candidates.findLast(value => identityOf(value.schema) === identity)
}

const chooseId = (shelf: Shelf, subject: string, submitted: Submitted, isImport: boolean): number => {
  const { id, schema } = submitted
  if (!isImport && id !== undefined)
    throw refuse('NOT_PERMITTED', `Subject ${subject} is not in import mode; registering with an id needs it`)
  if (isImport && id === undefined)
    throw refuse('NOT_PERMITTED', `Subject ${subject} is not in read-write mode; in import mode a schema brings its id`)
  if (id === undefined) return shelf.idOf(schema) ?? Math.max(FIRST_AUTOMATIC_ID, shelf.highestId() + 1)
  const known = shelf.byId(id)
  if (known !== undefined && identityOf(known.schema) !== identityOf(schema))
    throw refuse('NOT_PERMITTED', `Overwrite new schema with id ${id} is not permitted.`)
  return id
}

const chooseVersion = (shelf: Shelf, subject: string, version: number | undefined, isImport: boolean): number => {
  const next = Math.max(0, ...shelf.versions(subject).map(value => value.version)) + 1
  if (version === undefined || version === -1) return next
  if (!isImport && version !== next)
    throw refuse('INVALID_VERSION', `The next version of subject ${subject} is ${next}, not ${version}`)
  return version
}

/** Registering: the same schema again is the same version; otherwise a new one. */
export const register = (shelf: Shelf, subject: string, submitted: Submitted): Decision<SchemaValue> => {
  demandAvro(submitted)
  const mode = modeOf(shelf, subject)
  if (mode === 'READONLY') throw refuse('NOT_PERMITTED', `Subject ${subject} is in read-only mode`)
  const isImport = mode === 'IMPORT'
  const same = findSame(shelf, subject, submitted.schema)
  if (same !== undefined && !isImport && submitted.id === undefined) return { records: [], answer: same }
  const id = chooseId(shelf, subject, submitted, isImport)
  const version = chooseVersion(shelf, subject, submitted.version, isImport)
  const { schema, metadata } = submitted
  const value: SchemaValue = { subject, version, id, schema, ...(metadata ? { metadata } : {}) }
  const existing = shelf.versions(subject).find(other => other.version === version)
  if (existing !== undefined && isLive(existing) && existing.id === id) return { records: [], answer: existing }
  return { records: [schemaRecord(value)], answer: value }
}

/** A subject's mode; import mode begins with a subject that has no schemas, unless forced. */
export const setMode = (
  shelf: Shelf,
  subject: string | undefined,
  mode: string,
  force: boolean,
): Decision<{ mode: string }> => {
  if (!MODES.some(known => known === mode))
    throw refuse('INVALID_MODE', `Invalid mode. Valid values are ${MODES.join(', ')}`)
  const occupied = subject === undefined ? shelf.subjects() : [subject]
  if (mode === 'IMPORT' && !force && occupied.some(name => liveVersions(shelf, name).length > 0))
    throw refuse('NOT_PERMITTED', 'Cannot import since found existing subjects')
  // An import overwrites what was only marked as deleted.
  const leftovers =
    mode === 'IMPORT' && subject !== undefined ? shelf.versions(subject).filter(value => !isLive(value)) : []
  const records = [...leftovers.map(value => forgottenSchema(value.subject, value.version)), modeRecord(subject, mode)]
  return { records, answer: { mode } }
}

export const setLevel = (subject: string | undefined, level: string): Decision<{ compatibility: string }> => {
  if (!LEVELS.some(known => known === level))
    throw refuse(
      'INVALID_COMPATIBILITY',
      `Invalid compatibility level. Valid values are ${LEVELS.join(', ')}: this registry does not compare versions`,
    )
  return { records: [configRecord(subject, level)], answer: { compatibility: level } }
}

const demandWritable = (shelf: Shelf, subject: string): void => {
  if (modeOf(shelf, subject) === 'READONLY') throw refuse('NOT_PERMITTED', `Subject ${subject} is in read-only mode`)
}

/** Marks all versions as deleted, or (permanently) removes those that are. */
export const deleteSubject = (shelf: Shelf, subject: string, permanent: boolean): Decision<number[]> => {
  demandWritable(shelf, subject)
  const all = shelf.versions(subject)
  if (all.length === 0) throw refuse('SUBJECT_NOT_FOUND', `Subject '${subject}' not found.`)
  const live = all.filter(isLive)
  if (permanent && live.length > 0)
    throw refuse(
      'SUBJECT_NOT_SOFT_DELETED',
      `Subject '${subject}' was not deleted first before being permanently deleted`,
    )
  if (!permanent && live.length === 0)
    throw refuse(
      'SUBJECT_SOFT_DELETED',
      `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`,
    )
  const records = permanent
    ? [
        ...all.map(value => forgottenSchema(subject, value.version)),
        modeRecord(subject, null),
        configRecord(subject, null),
      ]
    : live.map(value => schemaRecord({ ...value, deleted: true }))
  return { records, answer: (permanent ? all : live).map(({ version }) => version) }
}

/** One version, likewise. */
export const deleteVersion = (
  shelf: Shelf,
  subject: string,
  value: SchemaValue,
  permanent: boolean,
): Decision<number> => {
  demandWritable(shelf, subject)
  const { version } = value
  const name = `Subject '${subject}' Version ${version}`
  if (permanent && isLive(value))
    throw refuse('VERSION_NOT_SOFT_DELETED', `${name} was not deleted first before being permanently deleted`)
  if (!permanent && !isLive(value))
    throw refuse('VERSION_SOFT_DELETED', `${name} was soft deleted. Set permanent=true to delete permanently`)
  const record = permanent ? forgottenSchema(subject, version) : schemaRecord({ ...value, deleted: true })
  return { records: [record], answer: version }
}
