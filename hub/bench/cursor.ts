// npm run bench -- cursor: time per alert of reading packets into columns, by what is wanted of them, beside avsc's full decode in the same run.
// Synthetic packets of schema 11.0; real ones too where they lie beside the repository (../shared/data).
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { assembleSchema } from '../avro/schema/assemble-schema.ts'
import { type ColumnSet } from '../avro/columns/batch.ts'
import { openBatchBuilder } from '../avro/cursor/batch-builder.ts'
import { type Field, fieldsOf } from '../avro/columns/fields.ts'
import { type AvroSchema, parseSchema } from '../avro/schema/parse-schema.ts'
import { readFrame } from '../packet-frame.ts'
import { quantileOf } from '../quantiles.ts'
import { STREAMS } from '../streams.ts'
import { openSyntheticSource } from '../synthetic/source.ts'

const PACKETS = 400
const ROUNDS = 40
const LONG_HISTORY = 30
/** Packets of one Kafka response share its memory, as those of a feed do. */
const RESPONSE_BYTES = 16 * 1024 * 1024

const SCALARS = ['ra', 'dec', 'psfFlux', 'psfFluxErr', 'snr', 'reliability', 'band']
const HISTORY = ['midpointMjdTai', 'psfFlux', 'psfFluxErr']

const setOf = (fields: readonly Field[], keep: (field: Field) => boolean): ColumnSet => {
  const wanted = fields.filter(keep)
  const lists = [...new Set(wanted.flatMap(({ list }) => list ?? []))]
  return {
    columns: wanted.filter(({ list }) => list === undefined),
    lists: lists.map(path => ({ path, columns: wanted.filter(({ list }) => list === path) })),
  }
}
const isScalar = ({ list, path }: Field): boolean =>
  list === undefined && SCALARS.some(name => path === `diaSource.${name}`)
const isHistory = ({ list, path }: Field): boolean => list === 'prvDiaSources' && HISTORY.includes(path)
const SETS: Record<string, (field: Field) => boolean> = {
  'walk only': () => false,
  scalars: isScalar,
  'scalars and 3 columns of history': field => isScalar(field) || isHistory(field),
  'everything but cutouts': ({ kind }) => kind !== 'binary',
  everything: () => true,
}

/** Microseconds of each call in the best of many rounds: each is short enough to be undisturbed now and then. */
const best = (calls: number, round: () => void): number => {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now()
    round()
    return ((performance.now() - start) * 1000) / calls
  })
  return Math.round(Math.min(...times) * 10) / 10
}

const pack = (bodies: readonly Buffer[]): Buffer[] => {
  let response = Buffer.alloc(0)
  let used = 0
  return bodies.map(body => {
    if (used + body.length > response.length) {
      response = Buffer.alloc(RESPONSE_BYTES)
      used = 0
    }
    const at = response.subarray(used, used + body.length)
    at.set(body)
    used += body.length
    return at
  })
}

const measure = (schema: AvroSchema, packets: readonly Buffer[]) => {
  const bodies = pack(packets)
  const fields = fieldsOf(schema)
  const avscUs = best(bodies.length, () => {
    for (const body of bodies) schema.type.fromBuffer(body)
  })
  const results = Object.entries(SETS).map(([name, keep]) => {
    const set = setOf(fields, keep)
    const builder = openBatchBuilder({ stream: STREAMS.lsst, set })
    const us = best(bodies.length, () => {
      for (const body of bodies)
        if (builder.add(body, 1, schema, 0) === 'full') {
          builder.take()
          builder.reset()
          builder.add(body, 1, schema, 0)
        }
      builder.reset()
    })
    const columns = set.columns.length + set.lists.reduce((sum, list) => sum + list.columns.length, 0)
    console.log(
      `  ${name} (${columns} columns): ${us} µs, avsc's full decode takes ${Math.round((avscUs / us) * 10) / 10} times as long`,
    )
    return { name, columns, us, avscRatio: Math.round((avscUs / us) * 10) / 10 }
  })
  const sizes = bodies.map(({ length }) => length).toSorted((a, b) => a - b)
  return { packets: bodies.length, medianBytes: quantileOf(sizes, 0.5), maxBytes: sizes.at(-1), avscUs, results }
}

const synthetic = (least: number) => {
  const source = openSyntheticSource()
  const alerts = Array.from({ length: PACKETS }, (_, i) => source.packet(0, i))
  const wanted = alerts.filter(({ alert }) => (alert.prvDiaSources?.length ?? 0) >= least)
  return measure(
    parseSchema(source.schemaJson),
    wanted.map(({ packet }) => readFrame(packet).body),
  )
}

const real = async (data: string) => {
  const schema = parseSchema(await assembleSchema(join(data, 'schemas/lsst/9/0')))
  const dir = join(data, 'lsst/900')
  return measure(
    schema,
    readdirSync(dir).map(name => readFrame(readFileSync(join(dir, name))).body),
  )
}

console.log('Synthetic packets of schema 11.0')
const result: Record<string, unknown> = {
  bench: 'cursor',
  machine: cpus()[0]?.model,
  node: process.version,
  synthetic: synthetic(0),
}
console.log(`Those with ${LONG_HISTORY} prior sources and more`)
result['longHistory'] = synthetic(LONG_HISTORY)
const data = join(import.meta.dirname, '../../../shared/data')
if (existsSync(data)) {
  console.log('Rubin packets of schema 9.0')
  result['rubin'] = await real(data)
}
console.log(JSON.stringify(result))
