// What authors are told before a filter is live: by reading its source, and by running it on a sample in the production sandbox.
import { type AvroSchema, type Stream, STREAMS } from '#hub'
import {
  builtInSchema,
  columnsOffered,
  columnsRead,
  type Field,
  FilterError,
  type Manifest,
  programOf,
  type SourceCheck,
  type SourceDesk,
  sourceRecord,
  type Sources,
  streamFields,
  type Version,
} from '#filters'
import { type Sandbox } from '#sandbox'
import { ApiError } from '../errors.ts'
import { type Author, type AuthoredSource } from '../platform.ts'
import { versionOf } from '../submissions/manifest-changes.ts'
import { recordOf } from '../submissions/stored-sources.ts'
import { openTrials } from './trials.ts'

type GoodSource = Extract<SourceCheck, { ok: true }>
/** What running a version takes. */
type Runnable = Pick<GoodSource, 'ok' | 'code' | 'reads' | 'offers'> | Extract<SourceCheck, { ok: false }>

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
  const trials = openTrials(sandbox)
  let count = 0

  const checkOf = ({ language, source, stream, cutouts, account }: AuthoredSource): Promise<SourceCheck> =>
    orWait(desk.check(language, source, { fields: fieldsOf(stream, schemas()), cutouts }, account))

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
      const stream = streamOf(manifest.stream)
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

/** Fields of all known schemas of a stream; those that are known by heart until the registry has one. */
export function fieldsOf(name: string, schemas: readonly AvroSchema[]): readonly Field[] {
  const known = fieldsKnown.get(name)
  if (known?.schemas.length === schemas.length && schemas.every((schema, i) => schema === known.schemas[i]))
    return known.fields
  const stream = streamOf(name)
  const found = streamFields(stream, schemas)
  const builtIn = found.length > 0 ? undefined : builtInSchema(stream)
  const fields = builtIn === undefined ? found : streamFields(stream, [builtIn])
  fieldsKnown.set(name, { schemas: [...schemas], fields })
  return fields
}

/** By stream, until the registry has another schema: merging them takes longer than most checks. */
const fieldsKnown = new Map<string, { readonly schemas: readonly AvroSchema[]; readonly fields: readonly Field[] }>()

const streamOf = (name: string): Stream => STREAMS[name] ?? STREAMS.lsst
