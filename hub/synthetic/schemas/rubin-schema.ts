// The synthetic source's Avro schema: Rubin's alert 11.0 by names and types, in parsing canonical form as Rubin registers it.
import { DIA_FORCED_SOURCE, DIA_OBJECT, DIA_SOURCE, type Field, MPC_ORBITS, SS_SOURCE } from './rubin-records.ts'

/** Rubin's rule: major version, then two digits of the minor one. */
export const SYNTHETIC_SCHEMA_ID = 1100
const NAMESPACE = 'lsst.v11_0'

const record = (name: string, fields: readonly object[]): object => ({
  name: `${NAMESPACE}.${name}`,
  type: 'record',
  fields,
})
const typeOf = ({ type, nullable }: Field): unknown => (nullable ? ['null', type] : type)
const recordOf = (name: string, fields: readonly Field[]): object =>
  record(
    name,
    fields.map(field => ({ name: field.name, type: typeOf(field) })),
  )
const orNull = (name: string, type: unknown): object => ({ name, type: ['null', type] })
const listOf = (items: unknown): object => ({ type: 'array', items })

/** The schema's JSON text; the diaSource record is defined where it first occurs and named after that. */
export const SYNTHETIC_SCHEMA: string = JSON.stringify(
  record('alert', [
    { name: 'diaSourceId', type: 'long' },
    orNull('observation_reason', 'string'),
    orNull('target_name', 'string'),
    { name: 'diaSource', type: recordOf('diaSource', DIA_SOURCE) },
    orNull('prvDiaSources', listOf(`${NAMESPACE}.diaSource`)),
    orNull('prvDiaForcedSources', listOf(recordOf('diaForcedSource', DIA_FORCED_SOURCE))),
    orNull('diaObject', recordOf('diaObject', DIA_OBJECT)),
    orNull('ssSource', recordOf('ssSource', SS_SOURCE)),
    orNull('mpc_orbits', recordOf('mpc_orbits', MPC_ORBITS)),
    orNull('cutoutDifference', 'bytes'),
    orNull('cutoutScience', 'bytes'),
    orNull('cutoutTemplate', 'bytes'),
  ]),
)
