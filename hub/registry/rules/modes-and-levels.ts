// Modes and compatibility levels, of the registry and of single subjects: what they are and what may change. Pure.
import { type AvroNode } from '../../avro/schema/node.ts'
import { registeredType } from './resolve-references.ts'
import { DEFAULT_LEVEL, type Earlier, incompatibilities, isLevel, type Level, LEVELS } from './compatibility-levels.ts'
import { purgeVersions } from './purge-versions.ts'
import { configRecord, modeRecord, type SchemaValue } from '../state/schemas-topic-records.ts'
import { refuse } from '../state/registry-errors.ts'
import { type Decision, type RegistryState } from '../state/registry-state.ts'

const MODES = ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'FORWARD', 'IMPORT'] as const
const DEFAULT_MODE = 'READWRITE'

export const modeOf = (state: RegistryState, subject?: string): string =>
  (subject === undefined ? undefined : state.mode(subject)) ?? state.mode() ?? DEFAULT_MODE

/** No registrations and no deletions. */
export const isReadOnly = (state: RegistryState, subject: string): boolean =>
  state.mode() === 'READONLY_OVERRIDE' || !['READWRITE', 'IMPORT'].includes(modeOf(state, subject))

export const levelOf = (state: RegistryState, subject?: string): Level => {
  const level = (subject === undefined ? undefined : state.level(subject)) ?? state.level() ?? DEFAULT_LEVEL
  return isLevel(level) ? level : DEFAULT_LEVEL
}

/** Why a schema cannot follow the live versions of a subject, or one of them; empty where it can. */
export const incompatibilitiesIn = (
  state: RegistryState,
  subject: string,
  candidate: AvroNode,
  only?: SchemaValue,
): string[] => {
  const level = levelOf(state, subject)
  if (level === 'NONE') return []
  const compared = only === undefined ? state.versions(subject) : [only]
  const earlier = compared.flatMap((value): Earlier[] => {
    const type = registeredType(state, value)
    return type === undefined ? [] : [{ version: value.version, type }]
  })
  return incompatibilities(level, candidate, earlier)
}

/** Import mode begins with a subject that has no schemas, unless forced; it clears what was only marked as deleted. */
export const setMode = (
  state: RegistryState,
  subject: string | undefined,
  mode: string,
  isForced: boolean,
): Decision<{ mode: string }> => {
  if (!MODES.some(known => known === mode))
    throw refuse('INVALID_MODE', `Invalid mode. Valid values are ${MODES.join(', ')}`)
  const answer = { mode }
  if (state.mode(subject) === mode) return { records: [], answer }
  const begins = mode === 'IMPORT' && modeOf(state, subject) !== 'IMPORT' && !isForced
  const affected = subject === undefined ? state.subjects(true) : [subject]
  if (begins && affected.some(name => state.versions(name).length > 0))
    throw refuse('NOT_PERMITTED', 'Cannot import since found existing subjects')
  const leftovers = begins ? affected.flatMap(name => state.versions(name, true)) : []
  return { records: [...purgeVersions(state, leftovers), modeRecord(subject, mode)], answer }
}

export const setLevel = (
  state: RegistryState,
  subject: string | undefined,
  level: string,
): Decision<{ compatibility: string }> => {
  if (!isLevel(level))
    throw refuse('INVALID_COMPATIBILITY', `Invalid compatibility level. Valid values are ${LEVELS.join(', ')}`)
  const answer = { compatibility: level }
  return { records: state.level(subject) === level ? [] : [configRecord(subject, level)], answer }
}

/** Back to the registry's mode, or of the registry to the default one. */
export const dropMode = (state: RegistryState, subject: string | undefined): Decision<{ mode: string }> => {
  const mode = state.mode(subject)
  if (mode !== undefined) return { records: [modeRecord(subject, null)], answer: { mode } }
  if (subject === undefined) return { records: [], answer: { mode: DEFAULT_MODE } }
  throw refuse('SUBJECT_MODE_NOT_FOUND', `Subject '${subject}' does not have subject-level mode configured`)
}

/** Back to the registry's level, or of the registry to the default one. */
export const dropLevel = (
  state: RegistryState,
  subject: string | undefined,
): Decision<{ compatibilityLevel: string }> => {
  const compatibilityLevel = state.level(subject)
  if (compatibilityLevel !== undefined)
    return { records: [configRecord(subject, null)], answer: { compatibilityLevel } }
  if (subject === undefined) return { records: [], answer: { compatibilityLevel: DEFAULT_LEVEL } }
  throw refuse('SUBJECT_CONFIG_NOT_FOUND', `Subject '${subject}' does not have subject-level compatibility configured`)
}
