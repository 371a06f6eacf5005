// Deleting: versions are first marked as deleted, and removed for good by a second, permanent deletion. Pure.
import { configRecord, modeRecord, schemaRecord, type SchemaValue } from '../state/schemas-topic-records.ts'
import { refuse } from '../state/registry-errors.ts'
import { isReadOnly } from './modes-and-levels.ts'
import { purgeVersions } from './purge-versions.ts'
import { type Decision, type RegistryState } from '../state/registry-state.ts'

const isLive = ({ deleted }: SchemaValue): boolean => deleted !== true

/** Refuses the subjects of notices: without their schema nobody could read the notices there are. */
const refuseSystemSubject = (subject: string): void => {
  if (subject.endsWith('-notices-value'))
    throw refuse(
      'NOT_PERMITTED',
      `Subject ${subject} is the system's own and is not deleted: notices are written and read by it`,
    )
}

const demandDeletable = (state: RegistryState, subject: string, values: readonly SchemaValue[]): void => {
  if (isReadOnly(state, subject)) throw refuse('NOT_PERMITTED', `Subject ${subject} is in read-only mode`)
  for (const { version } of values) {
    const [user] = state.usersOf(subject, version)
    if (user !== undefined)
      throw refuse(
        'REFERENCE_EXISTS',
        `One or more references exist to the schema {subject=${subject},version=${version}}: ${user.subject} version ${user.version}`,
      )
  }
}

/** Marks all versions as deleted and drops the subject's settings, or removes versions that are all marked. */
export const deleteSubject = (state: RegistryState, subject: string, isPermanent: boolean): Decision<number[]> => {
  const all = state.versions(subject, true)
  if (all.length === 0) throw refuse('SUBJECT_NOT_FOUND', `Subject '${subject}' not found.`)
  refuseSystemSubject(subject)
  const live = all.filter(isLive)
  if (isPermanent && live.length > 0)
    throw refuse(
      'SUBJECT_NOT_SOFT_DELETED',
      `Subject '${subject}' was not deleted first before being permanently deleted`,
    )
  if (!isPermanent && live.length === 0)
    throw refuse(
      'SUBJECT_SOFT_DELETED',
      `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`,
    )
  demandDeletable(state, subject, all)
  if (isPermanent) return { records: purgeVersions(state, all), answer: all.map(({ version }) => version) }
  const records = [
    ...live.map(value => schemaRecord({ ...value, deleted: true })),
    ...(state.mode(subject) === undefined ? [] : [modeRecord(subject, null)]),
    ...(state.level(subject) === undefined ? [] : [configRecord(subject, null)]),
  ]
  return { records, answer: live.map(({ version }) => version) }
}

/** One version, likewise. */
export const deleteVersion = (state: RegistryState, value: SchemaValue, isPermanent: boolean): Decision<number> => {
  const { subject, version } = value
  refuseSystemSubject(subject)
  const name = `Subject '${subject}' Version ${version}`
  if (isPermanent && isLive(value))
    throw refuse('VERSION_NOT_SOFT_DELETED', `${name} was not deleted first before being permanently deleted`)
  if (!isPermanent && !isLive(value))
    throw refuse('VERSION_SOFT_DELETED', `${name} was soft deleted. Set permanent=true to delete permanently`)
  demandDeletable(state, subject, [value])
  const records = isPermanent ? purgeVersions(state, [value]) : [schemaRecord({ ...value, deleted: true })]
  return { records, answer: version }
}
