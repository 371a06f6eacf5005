// A manifest's active version → a program with the columns it reads → loaded in the sandbox; or why not. Each step's failure is that filter's alone.
import {
  type AuthorError,
  LearnedColumns,
  type Limits,
  type Program,
  type Sandbox,
  SandboxError,
  widened,
} from '#sandbox'
import { columnsOffered, columnsRead, type Field } from '../check/fields/columns-read.ts'
import { programOf } from '../check/sandbox-program.ts'
import { type RunningFilter } from '../lanes/running-filter.ts'
import { type Manifest } from '../manifest.ts'
import { type FilterRecord } from '../progress/records.ts'
import { type FoundSource, type SourceLookup } from './source-lookup.ts'

/** One that also knows the source it was made from. */
export interface LoadedFilter extends RunningFilter {
  readonly found: FoundSource
}

export interface Refusal {
  readonly ok: false
  /** Nothing is wrong with it: what it runs in, or its source, is away and will be there. */
  readonly isAway?: true
  /** What its author is told when it is away for long. */
  readonly late?: string
  readonly reason: string
  readonly error: AuthorError
}

let loads = 0

/** The source of a manifest's active version, as the API found it. */
export async function sourceOf(
  manifest: Manifest,
  sources: SourceLookup,
): Promise<{ readonly ok: true; readonly found: FoundSource } | Refusal> {
  const version = manifest.versions.find(({ number }) => number === manifest.active)
  if (version === undefined) {
    const known = manifest.versions.map(({ number }) => number).join(', ')
    const message = `there is no version ${manifest.active}; activate one of ${known}`
    return { ok: false, reason: 'error', error: { message } }
  }
  const outcome = await sources.find(version)
  if (outcome.ok) return outcome
  if ('waits' in outcome) {
    const { waits, late } = outcome
    return {
      ok: false,
      isAway: true,
      reason: 'error',
      error: { message: waits },
      ...(late === undefined ? {} : { late }),
    }
  }
  return { ok: false, reason: 'syntax', error: outcome.problem ?? { message: 'the source was refused' } }
}

/** What the sandbox would run for a manifest's active version, given the fields the stream has now. Ids of programs are never used twice. */
export function compile(
  manifest: Manifest,
  record: FilterRecord,
  fields: readonly Field[],
  { code, names, everything }: FoundSource,
  limits?: Limits,
): Program {
  const { active: number, cutouts } = manifest
  const language = manifest.versions.find(version => version.number === number)?.language ?? 'javascript'
  const reads = columnsRead(fields, { names, everything, cutouts })
  const offers = columnsOffered(fields, cutouts)
  return programOf({
    id: `${manifest.id}.${number}.${++loads}`,
    version: number,
    language,
    trust: record.strikes > 0 ? 'quarantined' : manifest.trust,
    check: { code, reads: widened(reads, record.learned, offers), offers },
    author: manifest.owner,
    ...(limits === undefined ? {} : { limits }),
  })
}

/**
 * Loads a program. Whatever goes wrong is that filter's alone and never rejects: what its author can mend is a refusal, a sandbox that cannot take
 * it now is waited for, and a fault of ours is a refusal too, which says so.
 */
export async function loadFilter(
  sandbox: Sandbox,
  manifest: Manifest,
  record: FilterRecord,
  program: Program,
  found: FoundSource,
): Promise<{ readonly ok: true; readonly runner: LoadedFilter } | Refusal> {
  const outcome = await sandbox.load(program).catch(refusalOf)
  if (!outcome.ok) return outcome
  const { id, cap, policy, start } = manifest
  const fromVisit = typeof start === 'object' && 'visit' in start ? BigInt(start.visit) : undefined
  const { version } = program
  const { ahead } = record
  const learning = new LearnedColumns(program)
  const runner = { id, version, cap, policy, ahead, fromVisit, manifest, share: undefined, program, found, learning }
  return { ok: true, runner }
}

/** Anything that was thrown while a version was loaded, as what it means for that filter. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof SandboxError)) {
    const why = error instanceof Error ? error.message : String(error)
    const message = `it could not be loaded, which is our fault: ${why.slice(0, 500)}`
    return { ok: false, reason: 'error', error: { message } }
  }
  const { code, message } = error
  // A program that this worker's sandbox has no runtime for: its author is told. Everything else may pass: an engine that is away or a host that does not start
  // comes back, and columns of which no view can be made may change with the next schema.
  return code === 'SANDBOX_PROGRAM_INVALID'
    ? { ok: false, reason: 'error', error: { message } }
    : { ok: false, isAway: true, reason: 'error', error: { message } }
}
