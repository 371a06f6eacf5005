// What a version's source says it reads, as the API found it and stored it beside the source. A node parses no author's text.
import { type Problem } from '../check/parse/problem.ts'
import { openSourceChecker, type SourceChecker } from '../check/source-checker.ts'
import { type Version } from '../manifest.ts'
import { sourceKey, type Sources } from '../sources.ts'

/** A source as far as running it goes. */
export interface FoundSource {
  readonly code: string
  readonly names: ReadonlySet<string>
  readonly everything: boolean
}

export type SourceOutcome =
  | { readonly ok: true; readonly found: FoundSource }
  /** It has not arrived, or cannot be read at the moment: it is waited for. `late` is what its author is told when that takes long. */
  | { readonly ok: false; readonly waits: string; readonly late?: string }
  | { readonly ok: false; readonly problem: Problem | undefined }

const WHAT_TO_DO =
  'it is still looked for. Submit the filter again (skysieve filter submit FILE --replace); where that does not help, an operator has to see whether skysieve.sources of the hub is copied to this node: skysieve status'

/** Never rejects: a source that is away stops its filter alone. */
export class SourceLookup {
  readonly #sources: Pick<Sources, 'get'> | undefined
  #checker: SourceChecker | undefined

  constructor(sources: Pick<Sources, 'get'> | undefined) {
    this.#sources = sources
  }

  async find(version: Version): Promise<SourceOutcome> {
    try {
      if (version.source !== undefined) return await this.#read(version, version.source)
      const record = await this.#sources?.get(sourceKey(version))
      if (record === undefined) {
        const waits = `the source of version ${version.number} has not arrived on this node`
        return { ok: false, waits, late: `${waits}, and should have long ago; ${WHAT_TO_DO}` }
      }
      const { source, code = source, names, everything } = record
      return { ok: true, found: { code, names: new Set(names), everything } }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return { ok: false, waits: `the source of version ${version.number} cannot be read at the moment: ${why}` }
    }
  }

  /** A manifest written by an older version of this software has the text itself: it is read as the API does, in a process of its own, which may break. */
  async #read({ language }: Version, source: string): Promise<SourceOutcome> {
    this.#checker ??= openSourceChecker({ size: 1, restMs: 10_000, waiting: Infinity })
    const check = await this.#checker.check(language, source, { fields: [] })
    if (!check.ok) return { ok: false, problem: check.problems[0] }
    const { code, names, readsEverything: everything } = check
    return { ok: true, found: { code, names: new Set(names), everything } }
  }

  close(): void {
    this.#checker?.close()
  }
}
