// Visits to try a filter on before it meets the stream: the same alerts for every author.
import { setImmediate as breathe } from 'node:timers/promises'
import {
  type AvroSchema,
  openSchemaPackets,
  openSyntheticSource,
  parseSchema,
  readFrame,
  type Stream,
  STREAMS,
  ZTF_SCHEMA,
} from '#hub'
import { schemasOf } from '../check/fields/stream-fields.ts'
import { type TrialPacket } from './trial-run.ts'

/** The visit number of the sample: in no visit that a simulator plays by default. */
const SAMPLE_VISIT = 100_000
const TIMESTAMP_MS = Date.UTC(2026, 0, 1)

/** Schemas of the surveys that are known by heart: what a filter is checked and tried against where no registry has one of its stream. */
const BUILT_IN: Readonly<Record<string, () => string>> = {
  lsst: () => openSyntheticSource().schemaJson,
  ztf: () => ZTF_SCHEMA,
}
const parsed = new Map<string, AvroSchema>()

/** Undefined for a stream that nothing is known of. */
export function builtInSchema({ name }: Stream): AvroSchema | undefined {
  const text = BUILT_IN[name]
  if (text === undefined) return undefined
  const schema = parsed.get(name) ?? parseSchema(text())
  parsed.set(name, schema)
  return schema
}

/**
 * A visit of so many alerts, made as it is read: synthetic ones of LSST (110 KB in the median), and for any other stream packets made from its newest schema.
 * Undefined where no schema of it is known.
 */
export function sampleOf(
  stream: Stream,
  schemas: readonly AvroSchema[],
  alerts: number,
): Iterable<TrialPacket> | undefined {
  if (stream === STREAMS.lsst) return syntheticSample(alerts)
  const [schema = builtInSchema(stream)] = schemasOf(stream, schemas)
  return schema && madeSample(stream, schema, alerts)
}

/** A synthetic LSST visit. */
export function* syntheticSample(alerts: number): Generator<TrialPacket> {
  const source = openSyntheticSource()
  const schema = parseSchema(source.schemaJson)
  for (let i = 0; i < alerts; i++) {
    const { schemaId, body } = readFrame(source.packet(SAMPLE_VISIT, i).packet)
    yield { schemaId, schema, body, timestampMs: TIMESTAMP_MS }
  }
}

function* madeSample(stream: Stream, schema: AvroSchema, alerts: number): Generator<TrialPacket> {
  const packets = openSchemaPackets(schema, stream, BigInt(SAMPLE_VISIT))
  for (let i = 0; i < alerts; i++) yield { schemaId: 1, schema, body: packets.body(i), timestampMs: TIMESTAMP_MS }
}

export interface Samples {
  /** Undefined where no schema of the stream is known. */
  of(stream: Stream, schemas: readonly AvroSchema[]): Promise<readonly TrialPacket[] | undefined>
}

/** Making a visit takes ten times as long as trying a filter on it, so it is kept: 28 MB for LSST. */
const KEPT_MS = 300_000
/** Alerts that are made in one go, while nobody else is served. */
const AT_ONCE = 8

/** Samples of so many alerts, kept until nobody has asked for them for minutes. */
export function openSamples(alerts: number): Samples {
  const kept = new Map<string, { readonly schema: AvroSchema | undefined; readonly packets: Promise<TrialPacket[]> }>()
  const timers = new Map<string, NodeJS.Timeout>()
  const make = async (sample: Iterable<TrialPacket>): Promise<TrialPacket[]> => {
    const packets: TrialPacket[] = []
    for (const packet of sample) {
      packets.push(packet)
      if (packets.length % AT_ONCE === 0) await breathe()
    }
    return packets
  }
  return {
    async of(stream, schemas) {
      const { name } = stream
      const [schema] = stream === STREAMS.lsst ? [] : schemasOf(stream, schemas)
      clearTimeout(timers.get(name))
      timers.set(name, setTimeout(() => kept.delete(name), KEPT_MS).unref())
      const known = kept.get(name)
      if (known !== undefined && known.schema === schema) return known.packets
      const sample = sampleOf(stream, schemas, alerts)
      if (sample === undefined) return undefined
      const packets = make(sample)
      kept.set(name, { schema, packets })
      return packets
    },
  }
}

/** The schema of a synthetic LSST alert. */
export const syntheticSchema = (): AvroSchema => parseSchema(openSyntheticSource().schemaJson)
