// Which columns of a stream's packets hold the facts of an alert. In: the stream's paths and a schema. Out: what the cursor shall read, and the kinds.
import { type Column, type ColumnSet } from '../avro/columns/batch.ts'
import { fieldsOf } from '../avro/columns/fields.ts'
import { type AvroSchema } from '../avro/schema/node.ts'
import { HubError } from '../errors.ts'
import { type Stream } from '../streams.ts'

type Facts = NonNullable<Stream['facts']>

export interface FactsColumns {
  readonly set: ColumnSet
  /** Where the alert's id is. */
  readonly idPath: string
  /** The stream's time that this schema has. */
  readonly time: Stream['timeMs'][number] | undefined
  /** Of the history's columns: where an item's time is, and what only a detection has; -1 where the schema has none. */
  readonly history: { readonly time: number; readonly detection: number }
}

/** Throws HubError HUB_SCHEMA_FIELD where the schema has no id. */
export const factsColumns = (stream: Stream, schema: AvroSchema): FactsColumns => {
  const { facts } = stream
  const kinds = new Map(fieldsOf(schema).flatMap(({ path, list, kind }) => (list === undefined ? [[path, kind]] : [])))
  const idPath = stream.alertId.find(path => ['long', 'int', 'number'].includes(kinds.get(path) ?? ''))
  if (idPath === undefined)
    throw new HubError(
      'HUB_SCHEMA_FIELD',
      `Schema ${schema.name} has no integer at ${stream.alertId.join(' or ')}, where stream ${stream.name} expects the alert’s id; name the right path in the stream's configuration`,
    )
  const time = stream.timeMs.find(({ path }) => kinds.has(path))
  const wanted = [...(facts === undefined ? [] : pathsOf(facts)), ...(time === undefined ? [] : [time.path])]
  const columns = [...new Set([...wanted, stream.visit.path])].flatMap((path): Column[] => {
    const kind = kinds.get(path)
    return kind === undefined ? [] : [{ path, kind }]
  })
  const list = facts?.history
  const items = fieldsOf(schema).filter(field => field.list !== undefined && field.list === list)
  const timeItem = facts?.historyTime?.flatMap(path => items.find(item => item.path === path) ?? [])[0]
  const detectionItem = items.find(({ path }) => path === facts?.historyDetection)
  const own = [timeItem, detectionItem].flatMap(item =>
    item === undefined ? [] : [{ path: item.path, kind: item.kind }],
  )
  const at = (path: string | undefined): number => own.findIndex(column => column.path === path)
  return {
    set: { columns, lists: list === undefined ? [] : [{ path: list, columns: own }] },
    idPath,
    time,
    history: { time: at(timeItem?.path), detection: at(detectionItem?.path) },
  }
}

const pathsOf = (facts: Facts): readonly string[] => {
  const { magnitude, solarSystem, reference, pointlike } = facts
  return [
    facts.object,
    facts.ra,
    facts.dec,
    facts.band,
    facts.reliability,
    facts.flux,
    facts.fluxErr,
    facts.snr,
    facts.scienceFlux,
    facts.scienceFluxErr,
    facts.trailLength,
    facts.extendedness,
    facts.firstTime,
    facts.detections,
    facts.known.map(({ path }) => path),
    magnitude && [magnitude.value, magnitude.error, magnitude.positive],
    solarSystem && [solarSystem.id, ...(solarSystem.within === undefined ? [] : [solarSystem.within.path])],
    reference && [reference.id, reference.arcsec],
    pointlike === undefined ? [] : [pointlike],
  ].flatMap(paths => paths ?? [])
}
