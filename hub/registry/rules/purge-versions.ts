// Removing versions for good, and keeping their ids for the same schemas, should they come again. Pure.
import { type RegistryState } from '../state/registry-state.ts'
import { hashOf, identityOf } from '../state/schema-identity.ts'
import { idsRecord, type RegistryRecord, schemaTombstone, type SchemaValue } from '../state/schemas-topic-records.ts'

/** Deleted schemas whose ids are kept for them. */
const MAX_GONE = 5000

/** Removes versions for good. Their ids are given to no other schema, and to the same one again, as Confluent's registry does it. */
export const purgeVersions = (state: RegistryState, values: readonly SchemaValue[]): RegistryRecord[] => {
  if (values.length === 0) return []
  const gone = new Map(state.gone)
  for (const value of values) {
    const hash = hashOf(identityOf(value))
    const id = Math.min(value.id, gone.get(hash) ?? value.id)
    gone.delete(hash)
    gone.set(hash, id)
  }
  return [
    ...values.map(({ subject, version }) => schemaTombstone(subject, version)),
    idsRecord(state.lastId, [...gone].slice(-MAX_GONE)),
  ]
}
