// Visits to try a filter on before it meets the stream.
import { openSyntheticSource, parseSchema, readFrame } from '#hub'
import { type TrialPacket } from './trial.ts'

/** The visit number of the sample: the same alerts for every author, in no visit that a simulator plays by default. */
const SAMPLE_VISIT = 100_000

/** A synthetic LSST visit of so many alerts (110 KB in the median), made as it is read. */
export function* syntheticSample(alerts: number): Generator<TrialPacket> {
  const source = openSyntheticSource()
  const schema = parseSchema(source.schemaJson)
  const timestampMs = Date.UTC(2026, 0, 1)
  for (let i = 0; i < alerts; i++) {
    const { schemaId, body } = readFrame(source.packet(SAMPLE_VISIT, i).packet)
    yield { schemaId, schema, body, timestampMs }
  }
}

/** The fields that a synthetic LSST alert offers: what a filter is checked against where no registry is at hand. */
export const syntheticSchema = (): ReturnType<typeof parseSchema> => parseSchema(openSyntheticSource().schemaJson)
