// Modes and compatibility levels, of the registry and of single subjects: what they are and what may change. Pure.
import { type AvroNode } from '../../avro/schema/node.ts'
import { registeredType } from './resolve-references.ts'
import { DEFAULT_LEVEL, type Earlier, incompatibilities, isLevel, type Level, LEVELS } from './compatibility-levels.ts'
import {
  configRecord,
  forgottenSchema,
  idsRecord,
  modeRecord,
  type RegistryRecord,
  type SchemaValue,
} from '../state/schemas-topic-records.ts'
import { hashOf, identityOf } from '../state/schema-identity.ts'
import { refuse } from '../state/registry-errors.ts'
import { type Decision, type Shelf } from '../state/registry-state.ts'

const MODES = ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'FORWARD', 'IMPORT'] as const
const DEFAULT_MODE = 'READWRITE'

export const modeOf = (shelf: Shelf, subject?: string): string =>
  (subject === undefined ? undefined : shelf.mode(subject)) ?? shelf.mode() ?? DEFAULT_MODE

/** No registrations and no deletions. */
export const isReadOnly = (shelf: Shelf, subject: string): boolean =>
  shelf.mode() === 'READONLY_OVERRIDE' || !['READWRITE', 'IMPORT'].includes(modeOf(shelf, subject))

export const levelOf = (shelf: Shelf, subject?: string): Level => {
  const level = (subject === undefined ? undefined : shelf.level(subject)) ?? shelf.level() ?? DEFAULT_LEVEL
  return isLevel(level) ? level : DEFAULT_LEVEL
}

/** Why a schema cannot follow the live versions of a subject, or one of them; empty where it can. */
export const incompatibilitiesIn = (
  shelf: Shelf,
  subject: string,
  candidate: AvroNode,
  only?: SchemaValue,
): string[] => {
  const level = levelOf(shelf, subject)
  if (level === 'NONE') return []
  const compared = only === undefined ? shelf.versions(subject) : [only]
  const earlier = compared.flatMap((value): Earlier[] => {
    const type = registeredType(shelf, value)
    return type === undefined ? [] : [{ version: value.version, type }]
  })
  return incompatibilities(level, candidate, earlier)
}

/** Deleted schemas whose ids are kept for them. */
const MAX_GONE = 5000

/** Removes versions for good. Their ids are given to no other schema, and to the same one again, as Confluent's registry does it. */
export const forget = (shelf: Shelf, values: readonly SchemaValue[]): RegistryRecord[] => {
  if (values.length === 0) return []
  const gone = new Map(shelf.gone)
  for (const value of values) {
    const hash = hashOf(identityOf(value))
    const id = Math.min(value.id, gone.get(hash) ?? value.id)
    gone.delete(hash)
    gone.set(hash, id)
  }
  return [
    ...values.map(({ subject, version }) => forgottenSchema(subject, version)),
    idsRecord(shelf.lastId, [...gone].slice(-MAX_GONE)),
  ]
}

/** Import mode begins with a subject that has no schemas, unless forced; it clears what was only marked as deleted. */
export const setMode = (
  shelf: Shelf,
  subject: string | undefined,
  mode: string,
  isForced: boolean,
): Decision<{ mode: string }> => {
  if (!MODES.some(known => known === mode))
    throw refuse('INVALID_MODE', `Invalid mode. Valid values are ${MODES.join(', ')}`)
  const answer = { mode }
  if (shelf.mode(subject) === mode) return { records: [], answer }
  const begins = mode === 'IMPORT' && modeOf(shelf, subject) !== 'IMPORT' && !isForced
  const affected = subject === undefined ? shelf.subjects(true) : [subject]
  if (begins && affected.some(name => shelf.versions(name).length > 0))
    throw refuse('NOT_PERMITTED', 'Cannot import since found existing subjects')
  const leftovers = begins ? affected.flatMap(name => shelf.versions(name, true)) : []
  return { records: [...forget(shelf, leftovers), modeRecord(subject, mode)], answer }
}

export const setLevel = (
  shelf: Shelf,
  subject: string | undefined,
  level: string,
): Decision<{ compatibility: string }> => {
  if (!isLevel(level))
    throw refuse('INVALID_COMPATIBILITY', `Invalid compatibility level. Valid values are ${LEVELS.join(', ')}`)
  const answer = { compatibility: level }
  return { records: shelf.level(subject) === level ? [] : [configRecord(subject, level)], answer }
}

/** Back to the registry's mode, or of the registry to the default one. */
export const dropMode = (shelf: Shelf, subject: string | undefined): Decision<{ mode: string }> => {
  const mode = shelf.mode(subject)
  if (mode !== undefined) return { records: [modeRecord(subject, null)], answer: { mode } }
  if (subject === undefined) return { records: [], answer: { mode: DEFAULT_MODE } }
  throw refuse('SUBJECT_MODE_NOT_FOUND', `Subject '${subject}' does not have subject-level mode configured`)
}

/** Likewise. */
export const dropLevel = (shelf: Shelf, subject: string | undefined): Decision<{ compatibilityLevel: string }> => {
  const compatibilityLevel = shelf.level(subject)
  if (compatibilityLevel !== undefined)
    return { records: [configRecord(subject, null)], answer: { compatibilityLevel } }
  if (subject === undefined) return { records: [], answer: { compatibilityLevel: DEFAULT_LEVEL } }
  throw refuse('SUBJECT_CONFIG_NOT_FOUND', `Subject '${subject}' does not have subject-level compatibility configured`)
}
