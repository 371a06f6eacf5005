// The rules of the registry. In: its state, and what a client asks for. Out: a decision (the records to write, and the answer), or a refusal.
// Here: registering a schema, which version and id it gets or why it is refused. Pure.
import { submittedType } from './resolve-references.ts'
import { type SchemaValue, schemaRecord } from '../state/schemas-topic-records.ts'
import { refuse } from '../state/registry-errors.ts'
import { identityOf } from '../state/schema-identity.ts'
import { incompatibilitiesIn, isReadOnly, modeOf } from './modes-and-levels.ts'
import { type Decision, type RegistryState } from '../state/registry-state.ts'

/** Ids below are the surveys' own. */
const FIRST_AUTOMATIC_ID = 100_000
/** Packets and Confluent's clients have 31 bits for an id. */
export const MAX_ID = 2_147_483_647

/** The body of a registration. */
export type Submitted = Pick<SchemaValue, 'schema' | 'schemaType' | 'references' | 'metadata' | 'ruleSet'> & {
  readonly id?: number | undefined
  readonly version?: number | undefined
}

const nextVersion = (state: RegistryState, subject: string): number =>
  (state.versions(subject, true).at(-1)?.version ?? 0) + 1

const automaticId = (state: RegistryState, identity: string): number => {
  const id = state.idOf(identity) ?? Math.max(FIRST_AUTOMATIC_ID, state.lastId + 1)
  if (id <= MAX_ID) return id
  throw refuse('NOT_PERMITTED', 'No id is left: the highest one is taken')
}

const demandFreeId = (state: RegistryState, id: number, identity: string): void => {
  const known = state.byId(id)
  if (known !== undefined && identityOf(known) !== identity)
    throw refuse('NOT_PERMITTED', `Overwrite new schema with id ${id} is not permitted.`)
}

/** In import mode a schema brings its id, and its version if it likes. */
const imported = (state: RegistryState, subject: string, submitted: Submitted, identity: string) => {
  const { id, version = nextVersion(state, subject) } = submitted
  if (id === undefined)
    throw refuse('NOT_PERMITTED', `Subject ${subject} is not in read-write mode; in import mode a schema brings its id`)
  demandFreeId(state, id, identity)
  const other = state.versions(subject).find(value => value.version === version)
  if (other !== undefined && other.id !== id)
    throw refuse('NOT_PERMITTED', `Version ${version} of subject ${subject} is the schema with id ${other.id} already`)
  return { id, version }
}

const appended = (state: RegistryState, subject: string, submitted: Submitted, identity: string) => {
  if (submitted.id !== undefined)
    throw refuse('NOT_PERMITTED', `Subject ${subject} is not in import mode; registering with an id needs it`)
  const version = nextVersion(state, subject)
  if (submitted.version !== undefined && submitted.version !== version)
    throw refuse(
      'INVALID_SCHEMA',
      `Version ${submitted.version} is not one more than the previous version ${version - 1}`,
    )
  const reasons = incompatibilitiesIn(state, subject, submittedType(state, submitted))
  if (reasons.length > 0)
    throw refuse(
      'INCOMPATIBLE',
      `Schema being registered is incompatible with an earlier schema for subject "${subject}": ${reasons.join('; ')}`,
    )
  return { id: automaticId(state, identity), version }
}

/** A text without meaning to Avro is refused before anything is compared. */
export const findSubmitted = (
  state: RegistryState,
  subject: string,
  sent: Submitted,
  withDeleted = false,
): SchemaValue | undefined => {
  submittedType(state, sent, false)
  return state.findSame(subject, identityOf(sent), withDeleted)
}

const isAsked = (asked: number | undefined, had: number): boolean => asked === undefined || asked === had

/** Registering: the same schema again is the same version; otherwise a new one. */
export const register = (state: RegistryState, subject: string, submitted: Submitted): Decision<SchemaValue> => {
  const same = findSubmitted(state, subject, submitted)
  if (same !== undefined && isAsked(submitted.id, same.id) && isAsked(submitted.version, same.version))
    return { records: [], answer: same }
  submittedType(state, submitted)
  if (isReadOnly(state, subject)) throw refuse('NOT_PERMITTED', `Subject ${subject} is in read-only mode`)
  const identity = identityOf(submitted)
  const place = modeOf(state, subject) === 'IMPORT' ? imported : appended
  const { id, version } = place(state, subject, submitted, identity)
  const { schema, references, metadata, ruleSet } = submitted
  const value: SchemaValue = {
    subject,
    version,
    id,
    ...(references?.length ? { references } : {}),
    ...(metadata ? { metadata } : {}),
    ...(ruleSet ? { ruleSet } : {}),
    schema,
  }
  return { records: [schemaRecord(value)], answer: value }
}
