// The schemas that packets of a shard's streams have had, and with them the fields that filters can read.
import { type AvroSchema, type Stream } from '#hub'
import { type Field } from '../author/columns-read.ts'
import { streamFields } from '../author/stream-fields.ts'

export class SchemaShelf {
  readonly #streams: readonly Stream[]
  readonly #schemas = new Map<string, Map<number, AvroSchema>>()

  constructor(streams: readonly Stream[]) {
    this.#streams = streams
  }

  add(stream: string, id: number, schema: AvroSchema): void {
    const schemas = this.#schemas.get(stream) ?? new Map<number, AvroSchema>()
    this.#schemas.set(stream, schemas.set(id, schema))
  }

  /** All fields of a stream, those of its newest schema first; none before a schema is known. */
  fields(name: string): readonly Field[] {
    const stream = this.#streams.find(known => known.name === name)
    const newestFirst = [...(this.#schemas.get(name) ?? [])].toSorted(([a], [b]) => b - a)
    return stream === undefined
      ? []
      : streamFields(
          stream,
          newestFirst.map(([, schema]) => schema),
        )
  }
}
