// The fields that a source for a stream may name, as the API and the command line check it.
import { type AvroSchema, type Stream, STREAMS } from '#hub'
import { builtInSchema, type Field, streamFields } from '#filters'

/** Fields of all known schemas of a stream; those that are known by heart until the registry has one. */
export function fieldsOf(name: string, schemas: readonly AvroSchema[]): readonly Field[] {
  const known = fieldsKnown.get(name)
  if (known?.schemas.length === schemas.length && schemas.every((schema, i) => schema === known.schemas[i]))
    return known.fields
  const stream = streamNamed(name)
  const found = streamFields(stream, schemas)
  const builtIn = found.length > 0 ? undefined : builtInSchema(stream)
  const fields = builtIn === undefined ? found : streamFields(stream, [builtIn])
  fieldsKnown.set(name, { schemas: [...schemas], fields })
  return fields
}

/** By stream, until the registry has another schema: merging them takes longer than most checks. */
const fieldsKnown = new Map<string, { readonly schemas: readonly AvroSchema[]; readonly fields: readonly Field[] }>()

/** The stream of that name; LSST's where there is none. */
export const streamNamed = (name: string): Stream => STREAMS[name] ?? STREAMS.lsst
