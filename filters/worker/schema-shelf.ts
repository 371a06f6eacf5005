// The schemas that packets of a shard's streams have had, and with them the fields that filters can read.
import { type AvroSchema, type Stream } from '#hub'
import { type Field } from '../author/columns-read.ts'
import { streamFields } from '../author/stream-fields.ts'

export class SchemaShelf {
  readonly #streams: readonly Stream[]
  readonly #schemas = new Map<string, Map<number, AvroSchema>>()
  /** By stream, until it has another schema. */
  readonly #fields = new Map<string, readonly Field[]>()

  constructor(streams: readonly Stream[]) {
    this.#streams = streams
  }

  add(stream: string, id: number, schema: AvroSchema): void {
    const schemas = this.#schemas.get(stream) ?? new Map<number, AvroSchema>()
    this.#schemas.set(stream, schemas.set(id, schema))
    this.#fields.delete(stream)
  }

  /** All fields of a stream, those of its newest schema first; none before a schema is known. */
  fields(name: string): readonly Field[] {
    const known = this.#fields.get(name)
    if (known !== undefined) return known
    const stream = this.#streams.find(one => one.name === name)
    const newestFirst = [...(this.#schemas.get(name) ?? [])].toSorted(([a], [b]) => b - a)
    const schemas = newestFirst.map(([, schema]) => schema)
    const fields = stream === undefined ? [] : streamFields(stream, schemas)
    this.#fields.set(name, fields)
    return fields
  }
}
