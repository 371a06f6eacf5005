// What authors are told before a filter is live: by reading its source, and by running it on a sample in the production sandbox.
// Sources are read in a process of their own (#filters); here their problems become answers. Read this file first in this folder.
import { type AvroSchema, STREAMS } from '#hub'
import {
  columnsOffered,
  columnsRead,
  FilterError,
  type Language,
  type Manifest,
  type Problem,
  programOf,
  type SourceCheck,
  type SourceChecker,
  type SourceRecord,
  sourceRecord,
  type Sources,
  type Version,
} from '#filters'
import { type Sandbox } from '#sandbox'
import { ApiError } from '../errors.ts'
import { versionOf } from '../submissions/manifest-changes.ts'
import { recordOf } from '../submissions/stored-sources.ts'
import { fieldsOf, streamNamed } from './stream-fields.ts'
import { openTrials, type TrialReport } from './trials.ts'

type GoodSource = Extract<SourceCheck, { ok: true }>
/** What running a version takes. */
type Runnable = Pick<GoodSource, 'ok' | 'code' | 'reads' | 'offers'> | Extract<SourceCheck, { ok: false }>

export interface Diagnosis {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly description: string
  readonly readsEverything: boolean
  /** What is kept of it; undefined where it has problems. */
  readonly record: SourceRecord | undefined
  /** Dotted paths of the fields it is given; a list's fields as `list[].field`. */
  readonly fields: readonly string[]
}

export interface AuthoredSource {
  readonly language: Language
  readonly source: string
  readonly stream: string
  readonly cutouts: boolean
  /** Whose it is: accounts take turns. */
  readonly account: string
}

/** What authors are told: of the source alone, and by running it on a sample visit. */
export interface SourceChecks {
  /** Names of the streams whose filters can be checked. */
  readonly streams: readonly string[]
  /** @throws ApiError API_RATE_LIMIT where many of the account wait. */
  check(source: AuthoredSource): Promise<Diagnosis>
  /**
   * A run in the production sandbox, bounded in time. `onBegin` is told when it is its turn.
   * @throws ApiError API_RATE_LIMIT where many of the account wait.
   */
  try(manifest: Manifest, version: number, onBegin?: () => Promise<void>): Promise<TrialReport>
}

export interface SourceChecksOptions {
  readonly sandbox: Sandbox
  /** Reads sources in processes of its own. */
  readonly checker: SourceChecker
  readonly sources: Pick<Sources, 'get'>
  /** Schemas that the registry knows, newest first. */
  readonly schemas: () => readonly AvroSchema[]
}

/** Checks of sources, and trials in `sandbox`. */
export function openSourceChecks({ sandbox, checker, sources, schemas }: SourceChecksOptions): SourceChecks {
  const trials = openTrials(sandbox)
  let count = 0

  const checkOf = ({ language, source, stream, cutouts, account }: AuthoredSource): Promise<SourceCheck> =>
    orWait(checker.check(language, source, { fields: fieldsOf(stream, schemas()), cutouts }, account))

  /** What a version runs and reads: as its record says. Only the text of a manifest of former versions of this software is read again. */
  const runnable = async ({ stream, cutouts, owner: account }: Manifest, version: Version): Promise<Runnable> => {
    const { language } = version
    if (version.source !== undefined) return checkOf({ language, source: version.source, stream, cutouts, account })
    const record = await recordOf(sources, version)
    if (record === undefined) throw new Error(`The source of version ${version.number} cannot be read.`)
    const { source, code = source, names, everything } = record
    const fields = fieldsOf(stream, schemas())
    const reads = columnsRead(fields, { names: new Set(names), everything, cutouts })
    return { ok: true, code, reads, offers: columnsOffered(fields, cutouts) }
  }

  return {
    streams: Object.keys(STREAMS),
    async check(authored) {
      const check = await checkOf(authored)
      if (!check.ok) {
        const nothing = { warnings: [], description: '', readsEverything: false, fields: [], record: undefined }
        return { problems: check.problems, ...nothing }
      }
      const { columns, lists } = check.reads
      return {
        problems: [],
        warnings: check.warnings,
        description: check.description,
        readsEverything: check.readsEverything,
        record: sourceRecord(authored.language, authored.source, check),
        fields: [
          ...columns.map(({ path }) => path),
          ...lists.flatMap(list => [list.path, ...list.columns.map(({ path }) => `${list.path}[].${path}`)]),
        ],
      }
    },
    async try(manifest, number, onBegin) {
      const version = versionOf(manifest, number)
      const { owner, cap, trust } = manifest
      const { language } = version
      const check = await runnable(manifest, version)
      if (!check.ok) return { problems: check.problems, alerts: 0, passed: 0 }
      // A name of its own: the filter's live version may be loaded in the same sandbox.
      const program = programOf({ id: `trial-${manifest.id}-${++count}`, version: number, language, trust, check })
      const stream = streamNamed(manifest.stream)
      return orWait(trials.run(owner, { program, stream, schemas: schemas(), cap }, onBegin))
    },
  }
}

/** An account that has too much waiting is told to wait. */
const orWait = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    if (!(error instanceof FilterError) || error.code !== 'FILTER_BUSY') throw error
    throw new ApiError('API_RATE_LIMIT', error.message, { cause: error })
  })
