// How versions of a subject look in answers, and how requests name them (`latest`, -1 or a number).
import { type SchemaValue } from '../state/schemas-topic-records.ts'
import { refuse } from '../state/registry-errors.ts'
import { type RegistryState } from '../state/registry-state.ts'

/** `AVRO` is what is meant where there is no type: older clients do not know the property. */
export const detailsOf = ({ schemaType, references, metadata, ruleSet }: SchemaValue) => ({
  ...(schemaType === undefined || schemaType === 'AVRO' ? {} : { schemaType }),
  ...(references?.length ? { references } : {}),
  ...(metadata ? { metadata } : {}),
  ...(ruleSet ? { ruleSet } : {}),
})

/** A version of a subject, whole. */
export const publicOf = (value: SchemaValue) => {
  const { subject, version, id, schema } = value
  return { subject, version, id, ...detailsOf(value), schema }
}

const MAX_VERSION = 2_147_483_647
const LATEST = -1

const versionOf = (text: string): number => {
  const version = text === 'latest' ? LATEST : Number(text)
  if (version === LATEST || (Number.isInteger(version) && version > 0 && version <= MAX_VERSION)) return version
  throw refuse(
    'INVALID_VERSION',
    `The specified version '${text}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
  )
}

export const requireSubject = (state: RegistryState, subject: string, withDeleted = false): SchemaValue[] => {
  const versions = state.versions(subject, withDeleted)
  if (versions.length > 0) return versions
  throw refuse('SUBJECT_NOT_FOUND', `Subject '${subject}' not found.`)
}

/** The version that `latest`, -1 or a number names. */
export const requireVersion = (
  state: RegistryState,
  subject: string,
  text: string,
  withDeleted = false,
): SchemaValue => {
  const version = versionOf(text)
  const versions = requireSubject(state, subject, withDeleted)
  const found = version === LATEST ? versions.at(-1) : versions.find(value => value.version === version)
  if (found !== undefined) return found
  throw refuse('VERSION_NOT_FOUND', `Version ${text} not found.`)
}

/** Whether a text names the newest version. */
export const isLatest = (text: string): boolean => versionOf(text) === LATEST

/** The version to compare with: of a subject that is not there, none is. */
export const versionToCompare = (state: RegistryState, subject: string, text: string): SchemaValue => {
  versionOf(text)
  if (state.versions(subject).length > 0) return requireVersion(state, subject, text)
  throw refuse('VERSION_NOT_FOUND', `Version ${text} not found.`)
}

/** The version to delete: the newest is the newest one that is left, and where none is left, the newest that was marked. */
export const versionToDelete = (state: RegistryState, subject: string, text: string): SchemaValue => {
  const left = state.versions(subject)
  return requireVersion(state, subject, text, !isLatest(text) || left.length === 0)
}

/** All subjects are in the one context there is, which newer clients write out. */
export const plainSubject = (subject: string): string => subject.replace(/^:\.:/, '')
