// Schemas by id, as packets name them. A packet whose id the node does not know yet waits here, while the id is looked up again in the mirrored registry topic and
// at the hub: 10 s at most for all unknown ids of a stream together, then it is a dead letter. One stream's wait does not hold up another (hub/registry/).
import { type AvroSchema, awaitSchemas, type AwaitSchemaOptions, type SchemaOf } from '#hub'

/** What is needed of the mirrored registry topic. */
export interface SchemaSource {
  get(id: number): Promise<AvroSchema | undefined>
}

export interface AwaitedSchemasOptions extends Pick<AwaitSchemaOptions, 'fallback' | 'signal'> {
  readonly source: SchemaSource
  /** How long packets of a stream wait for schemas, all together. */
  readonly waitMs?: number
}

const WAIT_MS = 10_000

export class AwaitedSchemas {
  readonly #options: AwaitedSchemasOptions
  readonly #streams = new Map<string, SchemaOf>()

  constructor(options: AwaitedSchemasOptions) {
    this.#options = options
  }

  /** The schemas of a stream. */
  of(stream: string): SchemaOf {
    const { source, waitMs = WAIT_MS, fallback, signal } = this.#options
    const known =
      this.#streams.get(stream) ??
      awaitSchemas({ schemas: source, waitMs, signal, ...(fallback === undefined ? {} : { fallback }) })
    this.#streams.set(stream, known)
    return known
  }
}
