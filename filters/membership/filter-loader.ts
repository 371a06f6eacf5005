// Loads the filters of a shard, each for itself: whatever goes wrong with one costs the others nothing. One whose source or engine is away is tried again by itself.
import { type Field } from '../check/fields/columns-read.ts'
import { type Manifest } from '../manifest.ts'
import { type FilterRecord } from '../progress/records.ts'
import { compile, type LoadedFilter, loadFilter, type Refusal, refusalOf, sourceOf } from './load-filter.ts'
import { type MembershipOptions } from './membership-options.ts'
import { shareOf } from './mirror-handover.ts'

/** How often a filter is tried whose engine, source or topic is away. */
const AWAY_MS = 3000
/** After this time a source that has not arrived is not expected any more, and looked for less often. */
const LATE_MS = 60_000
const LATE_AWAY_MS = 20_000

/** What a filter waits for, which is no fault of its own. */
export interface Wait {
  readonly message: string
  /** It takes so long that somebody has to do something. */
  readonly isLate: boolean
}

export interface FilterLoaderOptions extends Pick<
  MembershipOptions,
  'place' | 'sources' | 'sandbox' | 'limits' | 'createTopic' | 'sourceLateMs' | 'onAway' | 'onChange'
> {
  /** Fields that the stream's packets have now. */
  readonly fields: (stream: string) => readonly Field[]
  /** Tries a filter again that had to wait. */
  readonly retry: (filter: string) => void
}

type Loaded = { readonly ok: true; readonly runner: LoadedFilter } | Refusal

export class FilterLoader {
  readonly #options: FilterLoaderOptions
  /** Filter → what it waits for. */
  readonly #waiting = new Map<string, Wait>()
  /** Filter → since when it waits. */
  readonly #sinceMs = new Map<string, number>()
  readonly #retries = new Map<string, NodeJS.Timeout>()

  constructor(options: FilterLoaderOptions) {
    this.#options = options
  }

  /** What keeps a filter from being loaded, which is no fault of its own. */
  waitsFor(filter: string): Wait | undefined {
    return this.#waiting.get(filter)
  }

  /** It does not want to run any more. */
  forget(filter: string): void {
    this.#waiting.delete(filter)
    this.#sinceMs.delete(filter)
    clearTimeout(this.#retries.get(filter))
    this.#retries.delete(filter)
  }

  /** The active version, or why not. One that is away is tried again by itself. Never rejects. */
  async load(manifest: Manifest, record: FilterRecord): Promise<Loaded> {
    const { id } = manifest
    const { sourceLateMs = LATE_MS, onAway, onChange, retry } = this.#options
    const result = await this.#load(manifest, record).catch(refusalOf)
    clearTimeout(this.#retries.get(id))
    this.#retries.delete(id)
    if (result.ok || result.isAway === undefined) {
      this.#sinceMs.delete(id)
      if (this.#waiting.delete(id)) onChange(id)
      return result
    }
    const nowMs = performance.now()
    const sinceMs = this.#sinceMs.get(id) ?? nowMs
    this.#sinceMs.set(id, sinceMs)
    const isLate = result.late !== undefined && nowMs - sinceMs >= sourceLateMs
    const message = (isLate ? result.late : undefined) ?? result.error.message
    if (this.#waiting.get(id)?.message !== message) {
      this.#waiting.set(id, { message, isLate })
      onAway(id, message)
      onChange(id)
    }
    this.#retries.set(id, setTimeout(() => retry(id), isLate ? LATE_AWAY_MS : AWAY_MS).unref())
    return result
  }

  async #load(manifest: Manifest, record: FilterRecord): Promise<Loaded> {
    const { place, sources, sandbox, fields, limits, createTopic } = this.#options
    const missing = await createTopic(manifest.id)
    if (missing !== undefined) return { ok: false, isAway: true, reason: 'error', error: { message: missing } }
    const source = await sourceOf(manifest, sources)
    if (!source.ok) return source
    const { found } = source
    const program = compile(manifest, record, fields(manifest.stream), found, limits)
    const loaded = await loadFilter(sandbox, manifest, record, program, found)
    if (!loaded.ok) return loaded
    return { ok: true, runner: Object.assign(loaded.runner, { share: shareOf(manifest, record, place) }) }
  }
}
