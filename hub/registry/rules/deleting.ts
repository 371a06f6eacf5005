// Deleting: first marked, then (permanently) removed. Pure.
import { configRecord, modeRecord, schemaRecord, type SchemaValue } from '../state/schemas-topic-records.ts'
import { refuse } from '../state/registry-errors.ts'
import { forget, isReadOnly } from './modes-and-levels.ts'
import { type Decision, type Shelf } from '../state/registry-state.ts'

const isLive = ({ deleted }: SchemaValue): boolean => deleted !== true

/** Refuses subjects the system itself writes by, whose records nobody could read without. */
const demandOthers = (subject: string): void => {
  if (subject.endsWith('-notices-value'))
    throw refuse(
      'NOT_PERMITTED',
      `Subject ${subject} is the system's own and is not deleted: notices are written and read by it`,
    )
}

const demandDeletable = (shelf: Shelf, subject: string, values: readonly SchemaValue[]): void => {
  if (isReadOnly(shelf, subject)) throw refuse('NOT_PERMITTED', `Subject ${subject} is in read-only mode`)
  for (const { version } of values) {
    const [user] = shelf.usersOf(subject, version)
    if (user !== undefined)
      throw refuse(
        'REFERENCE_EXISTS',
        `One or more references exist to the schema {subject=${subject},version=${version}}: ${user.subject} version ${user.version}`,
      )
  }
}

/** Marks all versions as deleted and drops the subject's settings, or removes versions that are all marked. */
export const deleteSubject = (shelf: Shelf, subject: string, isPermanent: boolean): Decision<number[]> => {
  const all = shelf.versions(subject, true)
  if (all.length === 0) throw refuse('SUBJECT_NOT_FOUND', `Subject '${subject}' not found.`)
  demandOthers(subject)
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
  demandDeletable(shelf, subject, all)
  if (isPermanent) return { records: forget(shelf, all), answer: all.map(({ version }) => version) }
  const records = [
    ...live.map(value => schemaRecord({ ...value, deleted: true })),
    ...(shelf.mode(subject) === undefined ? [] : [modeRecord(subject, null)]),
    ...(shelf.level(subject) === undefined ? [] : [configRecord(subject, null)]),
  ]
  return { records, answer: live.map(({ version }) => version) }
}

/** One version, likewise. */
export const deleteVersion = (shelf: Shelf, value: SchemaValue, isPermanent: boolean): Decision<number> => {
  const { subject, version } = value
  demandOthers(subject)
  const name = `Subject '${subject}' Version ${version}`
  if (isPermanent && isLive(value))
    throw refuse('VERSION_NOT_SOFT_DELETED', `${name} was not deleted first before being permanently deleted`)
  if (!isPermanent && !isLive(value))
    throw refuse('VERSION_SOFT_DELETED', `${name} was soft deleted. Set permanent=true to delete permanently`)
  demandDeletable(shelf, subject, [value])
  const records = isPermanent ? forget(shelf, [value]) : [schemaRecord({ ...value, deleted: true })]
  return { records, answer: version }
}
