// What a registry holds, rebuilt from the records of `_schemas` in their order. No Kafka, no HTTP, no decisions.
import { identityOf } from './identity.ts'
import { type RegistryFact, type SchemaValue } from './records.ts'

/** A schema wherever it is registered. Ids never change their schema. */
export interface Shelved {
  readonly id: number
  readonly schema: string
  readonly schemaType?: string
}

export interface Shelf {
  apply: (fact: RegistryFact) => void
  byId: (id: number) => Shelved | undefined
  /** The id of a text that is registered anywhere. */
  idOf: (schema: string) => number | undefined
  highestId: () => number
  subjects: () => string[]
  /** In order of version; soft-deleted ones have `deleted`. */
  versions: (subject: string) => SchemaValue[]
  /** Every version of any subject that has the id. */
  uses: (id: number) => SchemaValue[]
  config: (subject?: string) => string | undefined
  mode: (subject?: string) => string | undefined
}

const GLOBAL = ''

const set = (map: Map<string, string>, subject: string | undefined, value: string | undefined): void => {
  if (value === undefined) map.delete(subject ?? GLOBAL)
  else map.set(subject ?? GLOBAL, value)
}

export const openShelf = (): Shelf => {
  const subjects = new Map<string, Map<number, SchemaValue>>()
  const ids = new Map<number, Shelved>()
  const idsByIdentity = new Map<string, number>()
  const configs = new Map<string, string>()
  const modes = new Map<string, string>()

  const put = (value: SchemaValue): void => {
    const { id, schema, schemaType } = value
    const versions = subjects.get(value.subject) ?? new Map<number, SchemaValue>()
    subjects.set(value.subject, versions.set(value.version, value))
    // The first record of an id decides; a packet's bytes do not change with a later one.
    if (ids.has(id)) return
    ids.set(id, { id, schema, ...(schemaType === undefined ? {} : { schemaType }) })
    const identity = identityOf(schema)
    if (!idsByIdentity.has(identity)) idsByIdentity.set(identity, id)
  }

  /** The id stays known: packets that were written with it stay readable. */
  const forget = (subject: string, version: number): void => {
    const versions = subjects.get(subject)
    versions?.delete(version)
    if (versions?.size === 0) subjects.delete(subject)
  }

  const versions = (subject: string): SchemaValue[] =>
    [...(subjects.get(subject)?.values() ?? [])].toSorted((a, b) => a.version - b.version)

  return {
    apply: fact => {
      if (fact.kind === 'schema' && fact.value !== undefined) put(fact.value)
      else if (fact.kind === 'schema') forget(fact.subject, fact.version)
      else if (fact.kind === 'config') set(configs, fact.subject, fact.value)
      else if (fact.kind === 'mode') set(modes, fact.subject, fact.value)
      else if (fact.kind === 'delete-subject' && fact.upTo !== undefined)
        for (const value of versions(fact.subject)) if (value.version <= fact.upTo) put({ ...value, deleted: true })
    },
    byId: id => ids.get(id),
    idOf: schema => idsByIdentity.get(identityOf(schema)),
    highestId: () => Math.max(0, ...ids.keys()),
    subjects: () => [...subjects.keys()].toSorted(),
    versions,
    uses: id => [...subjects.keys()].flatMap(versions).filter(value => value.id === id),
    config: subject => configs.get(subject ?? GLOBAL),
    mode: subject => modes.get(subject ?? GLOBAL),
  }
}
