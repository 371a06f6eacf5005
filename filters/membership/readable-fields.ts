// The fields that filters of a stream can read, from all schemas that its packets have had; and which fields these schemas do not agree about.
import { type AvroSchema, type Merged, type Stream } from '#hub'
import { type Field } from '../check/fields/columns-read.ts'
import { streamOffer } from '../check/fields/stream-fields.ts'

export class ReadableFields {
  readonly #streams: readonly Stream[]
  readonly #schemas = new Map<string, Map<number, AvroSchema>>()
  readonly #offers = new Map<string, Merged>()
  readonly #told = new Set<string>()

  constructor(streams: readonly Stream[]) {
    this.#streams = streams
  }

  /** Answers what filters of the stream cannot read now, as far as it was not answered before. */
  add(stream: string, id: number, schema: AvroSchema): readonly string[] {
    const schemas = this.#schemas.get(stream) ?? new Map<number, AvroSchema>()
    this.#schemas.set(stream, schemas.set(id, schema))
    this.#offers.delete(stream)
    const fresh = this.#offer(stream).problems.filter(problem => !this.#told.has(`${stream} ${problem}`))
    for (const problem of fresh) this.#told.add(`${stream} ${problem}`)
    return fresh
  }

  /** All fields of a stream, those of its newest schema first; none before a schema is known. */
  fields(name: string): readonly Field[] {
    return this.#offer(name).fields
  }

  #offer(name: string): Merged {
    const stream = this.#streams.find(known => known.name === name)
    const newestFirst = [...(this.#schemas.get(name) ?? [])].toSorted(([a], [b]) => b - a)
    const known =
      this.#offers.get(name) ??
      (stream === undefined
        ? { fields: [], problems: [] }
        : streamOffer(
            stream,
            newestFirst.map(([, schema]) => schema),
          ))
    this.#offers.set(name, known)
    return known
  }
}
