// What authors are told before a filter is live: by reading its source, and by running it on a sample in the production sandbox.
import { type AvroSchema, type Stream, STREAMS } from '#hub'
import {
  columnsOffered,
  columnsRead,
  type Field,
  FilterError,
  type Problem,
  ProblemCode,
  programOf,
  type SourceCheck,
  type SourceDesk,
  sourceRecord,
  type Sources,
  streamFields,
  syntheticSample,
  syntheticSchema,
  type Trial,
  trialRun,
  type Version,
} from '#filters'
import { type Sandbox } from '#sandbox'
import { ApiError } from './errors.ts'
import { type Author, type AuthoredSource } from './platform.ts'
import { versionOf } from './submissions/manifest-rules.ts'
import { recordOf } from './submissions/sources.ts'

/** Alerts of the sample: enough to meet every class of object in it, few enough to be tried within a second. */
const SAMPLE_ALERTS = 256
/** What a trial may take in all; its sandbox limits each batch, this limits the wait. */
const TRIAL_WITHIN_MS = 30_000

type GoodSource = Extract<SourceCheck, { ok: true }>

export interface AuthorOptions {
  readonly sandbox: Sandbox
  /** Where sources are read. */
  readonly desk: SourceDesk
  readonly sources: Pick<Sources, 'get'>
  /** Schemas that the registry knows, newest first. */
  readonly schemas: () => readonly AvroSchema[]
}

/** The author's desk of the API. */
export function openAuthor({ sandbox, desk, sources, schemas }: AuthorOptions): Author {
  let running: Promise<unknown> = Promise.resolve()
  let trials = 0

  const checkOf = async ({ language, source, stream, cutouts, account }: AuthoredSource): Promise<SourceCheck> => {
    try {
      return await desk.check(language, source, { fields: fieldsOf(stream, schemas()), cutouts }, account)
    } catch (error) {
      if (!(error instanceof FilterError) || error.code !== 'FILTER_BUSY') throw error
      throw new ApiError('API_RATE_LIMIT', error.message, { cause: error })
    }
  }
  /** What a version runs and reads: as its record says. Only the text of a manifest of former versions of this software is read again. */
  const foundIn = async (
    version: Version,
    { stream, cutouts, account }: Omit<AuthoredSource, 'language' | 'source'>,
  ): Promise<Pick<GoodSource, 'ok' | 'code' | 'reads' | 'offers'> | Extract<SourceCheck, { ok: false }>> => {
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
    async try(manifest, number) {
      const { stream: name, cutouts, cap, trust, owner: account } = manifest
      const version = versionOf(manifest, number)
      const { language } = version
      const found = await foundIn(version, { stream: name, cutouts, account })
      if (!found.ok) return found.problems
      const check = found
      trials += 1
      // A name of its own: the filter's live version may be loaded in the same sandbox.
      const program = programOf({ id: `trial-${manifest.id}-${trials}`, version: number, language, trust, check })
      const stream = streamOf(name)
      const packets = stream === STREAMS.lsst ? syntheticSample(SAMPLE_ALERTS) : []
      // One trial at a time: they share the sandbox's hosts.
      const trial = running.then(() => bounded(trialRun({ sandbox, program, stream, packets, cap })))
      running = trial.catch(() => undefined)
      return problemsOf(await trial)
    },
  }
}

/** Fields of all known schemas of a stream; those of the built-in survey until the registry has one. */
export function fieldsOf(name: string, schemas: readonly AvroSchema[]): readonly Field[] {
  const stream = streamOf(name)
  const fields = streamFields(stream, schemas)
  return fields.length > 0 ? fields : streamFields(stream, [syntheticSchema()])
}

const streamOf = (name: string): Stream => STREAMS[name] ?? STREAMS.lsst

/** Problems that keep a filter from going live: it failed as a whole, or on every single alert. */
function problemsOf({ failure, firstError, alerts, errors }: Trial): readonly Problem[] {
  if (failure) return [{ code: ProblemCode.unsupported, ...failure.error }]
  if (firstError === undefined || errors < alerts) return []
  const { alert, message, ...place } = firstError
  return [
    {
      code: ProblemCode.unsupported,
      message: `it fails on every alert of the sample, first on ${alert}: ${message}`,
      ...place,
    },
  ]
}

async function bounded(trial: Promise<Trial>): Promise<Trial> {
  const timer = Promise.withResolvers<never>()
  const timeout = setTimeout(
    () => timer.reject(new Error(`The trial took more than ${TRIAL_WITHIN_MS} ms.`)),
    TRIAL_WITHIN_MS,
  )
  return Promise.race([trial, timer.promise]).finally(() => clearTimeout(timeout))
}
