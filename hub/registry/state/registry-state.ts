// What the registry holds. In: the records of `_schemas`, in their order. Out: subjects, versions, ids, modes and compatibility levels. Pure.
import { type GoneId, type ParsedRecord, type RegistryRecord, type SchemaValue } from './schemas-topic-records.ts'
import { hashOf } from './schema-identity.ts'

export interface RegistryState {
  /** A registration of the id; deleted ones only where there is no other. */
  byId: (id: number) => SchemaValue | undefined
  /** The id of a schema that is registered anywhere, or was before it was deleted for good. */
  idOf: (identity: string) => number | undefined
  /** Ids of schemas that were deleted for good, the latest last. */
  readonly gone: readonly GoneId[]
  /** The highest id there ever was. */
  readonly lastId: number
  subjects: (withDeleted?: boolean) => string[]
  /** In order of version; soft-deleted ones have `deleted`. */
  versions: (subject: string, withDeleted?: boolean) => SchemaValue[]
  /** The newest version of a subject that has this schema. */
  findSame: (subject: string, identity: string, withDeleted?: boolean) => SchemaValue | undefined
  /** Every version of any subject that has the id. */
  uses: (id: number, withDeleted?: boolean) => SchemaValue[]
  /** The live versions that refer to a version. */
  usersOf: (subject: string, version: number) => SchemaValue[]
  level: (subject?: string) => string | undefined
  mode: (subject?: string) => string | undefined
}

/** A record and its place among the records of the topic: maps keep the place where a key came first. */
export interface Placed {
  readonly record: ParsedRecord
  readonly place: number
}

/** What a rule decides: the records to write, none where everything is as asked for already. */
export interface Decision<T> {
  readonly records: readonly RegistryRecord[]
  readonly answer: T
}

interface Entry {
  readonly value: SchemaValue
  readonly identity: string
}

const GLOBAL = ''
const isLive = ({ value }: Entry): boolean => value.deleted !== true
const byVersion = (a: Entry, b: Entry): number => a.value.version - b.value.version

/** The state after all these records, in the order of their offsets. Of each key only the last record counts, whatever compaction left. */
export const replayRecords = (records: Iterable<ParsedRecord>): RegistryState => {
  const subjects = new Map<string, Map<number, Entry>>()
  const levels = new Map<string, string>()
  const modes = new Map<string, string>()
  let lastId = 0
  let gone: readonly GoneId[] = []

  const entriesOf = (subject: string): Entry[] => [...(subjects.get(subject)?.values() ?? [])]
  const put = (entry: Entry): void => {
    const { subject, version, id } = entry.value
    subjects.set(subject, (subjects.get(subject) ?? new Map<number, Entry>()).set(version, entry))
    lastId = Math.max(lastId, id)
  }
  const apply = (record: ParsedRecord): void => {
    if (record.kind === 'schema') put(record)
    else if (record.kind === 'config') levels.set(record.subject ?? GLOBAL, record.level)
    else if (record.kind === 'mode') modes.set(record.subject ?? GLOBAL, record.mode)
    else if (record.kind === 'ids') {
      lastId = Math.max(lastId, record.lastId)
      gone = record.gone
    } else if (record.kind === 'delete-subject') {
      for (const { value, identity } of entriesOf(record.subject))
        if (value.version <= record.upTo) put({ value: { ...value, deleted: true }, identity })
    } else if (record.kind === 'clear-subject')
      for (const entry of entriesOf(record.subject))
        if (!isLive(entry)) subjects.get(record.subject)?.delete(entry.value.version)
  }
  for (const record of records) apply(record)

  const select = (subject: string, withDeleted = false): Entry[] =>
    entriesOf(subject)
      .filter(entry => withDeleted || isLive(entry))
      .toSorted(byVersion)
  const byId = new Map<number, Entry>()
  const idsByIdentity = new Map<string, number>()
  for (const entry of [...subjects.keys()].flatMap(subject => select(subject, true))) {
    const known = byId.get(entry.value.id)
    if (known === undefined || (!isLive(known) && isLive(entry))) byId.set(entry.value.id, entry)
    const id = idsByIdentity.get(entry.identity)
    idsByIdentity.set(entry.identity, Math.min(id ?? entry.value.id, entry.value.id))
  }
  const goneIds = new Map(gone)
  const versions = (subject: string, withDeleted = false): SchemaValue[] =>
    select(subject, withDeleted).map(({ value }) => value)
  const everywhere = (withDeleted = false): SchemaValue[] =>
    [...subjects.keys()].toSorted().flatMap(subject => versions(subject, withDeleted))

  return {
    byId: id => byId.get(id)?.value,
    idOf: identity => {
      const known = idsByIdentity.get(identity)
      if (known !== undefined || gone.length === 0) return known
      const id = goneIds.get(hashOf(identity))
      // Another schema may have been imported under it since.
      return id === undefined || byId.has(id) ? undefined : id
    },
    lastId,
    gone,
    subjects: withDeleted => [...subjects.keys()].filter(subject => select(subject, withDeleted).length > 0).toSorted(),
    versions,
    findSame: (subject, identity, withDeleted) =>
      select(subject, withDeleted).findLast(entry => entry.identity === identity)?.value,
    uses: (id, withDeleted) => everywhere(withDeleted).filter(value => value.id === id),
    usersOf: (subject, version) =>
      everywhere().filter(({ references }) =>
        references?.some(reference => reference.subject === subject && reference.version === version),
      ),
    level: subject => levels.get(subject ?? GLOBAL),
    mode: subject => modes.get(subject ?? GLOBAL),
  }
}

/** The same of records in any order that know their places. */
export const replayPlaced = (records: Iterable<Placed>): RegistryState =>
  replayRecords([...records].toSorted((a, b) => a.place - b.place).map(({ record }) => record))
