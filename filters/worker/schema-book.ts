// Schemas by id for the hot path. An unknown id makes its packet wait while it is looked up again; only then is it a dead letter.
import { setTimeout as sleep } from 'node:timers/promises'
import { type AvroSchema, HubError } from '#hub'

/** What the book needs of the mirrored registry topic. */
export interface SchemaSource {
  get(id: number): Promise<AvroSchema | undefined>
}

export interface SchemaBookOptions {
  readonly source: SchemaSource
  /** A second place to ask, e.g. the hub's registry; its failures are ignored. */
  readonly fallback?: (id: number) => Promise<AvroSchema | undefined>
  /** How long a packet ahead of its schema waits. */
  readonly waitMs?: number
  /** For this long an id that was not found is not waited for again. */
  readonly unknownMs?: number
  readonly signal: AbortSignal
}

const WAIT_MS = 10_000
const UNKNOWN_MS = 60_000
const PAUSE_MS = 200

/** Looks schemas up once and keeps them. */
export class SchemaBook {
  readonly #options: SchemaBookOptions
  readonly #known = new Map<number, AvroSchema>()
  readonly #unknown = new Map<number, number>()
  readonly #searching = new Map<number, Promise<AvroSchema | undefined>>()

  constructor(options: SchemaBookOptions) {
    this.#options = options
  }

  /** The schema at once where it is known; else after a bounded search, undefined when there is none. */
  readonly schemaOf = (id: number): AvroSchema | undefined | Promise<AvroSchema | undefined> => {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    let search = this.#searching.get(id)
    if (search === undefined) {
      search = this.#search(id).finally(() => this.#searching.delete(id))
      this.#searching.set(id, search)
    }
    return search
  }

  async #search(id: number): Promise<AvroSchema | undefined> {
    const { waitMs = WAIT_MS, unknownMs = UNKNOWN_MS, signal } = this.#options
    const isRemembered = Date.now() < (this.#unknown.get(id) ?? 0)
    const deadlineMs = isRemembered ? 0 : Date.now() + waitMs
    for (;;) {
      const found = await this.#lookUp(id)
      if (typeof found === 'object') {
        this.#known.set(id, found)
        this.#unknown.delete(id)
        return found
      }
      signal.throwIfAborted()
      // A node that does not answer has not said that there is none.
      if (found === 'unusable' || (found === 'none' && Date.now() >= deadlineMs)) {
        if (!isRemembered) this.#unknown.set(id, Date.now() + unknownMs)
        return undefined
      }
      await sleep(PAUSE_MS, undefined, { signal })
    }
  }

  async #lookUp(id: number): Promise<AvroSchema | 'none' | 'unusable' | 'unanswered'> {
    try {
      const schema = await this.#options.source.get(id)
      return schema ?? (await this.#options.fallback?.(id).catch(() => undefined)) ?? 'none'
    } catch (error) {
      return error instanceof HubError && error.code === 'HUB_SCHEMA_INVALID' ? 'unusable' : 'unanswered'
    }
  }
}
