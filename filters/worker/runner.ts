// A filter that runs: one version, loaded in the sandbox, with the columns it reads and the cap its manifest gives it.
import { type AuthorError, Learning, type Limits, type Program, type Sandbox, SandboxError, widened } from '#sandbox'
import { checkSource } from '../author/check-source.ts'
import { type Field } from '../author/columns-read.ts'
import { programOf } from '../author/program.ts'
import { type Manifest } from '../manifest.ts'
import { type FilterRecord } from '../progress/records.ts'
import { type Share } from './handover.ts'
import { type Capped } from './settle.ts'

/** A loaded filter. Its `ahead` is that of its progress record, shared. */
export interface Runner extends Capped {
  /** A new cap, policy or name takes effect without a new version. */
  cap: number
  policy: Manifest['policy']
  manifest: Manifest
  share: Share | undefined
  /** Replaced when it learns. */
  program: Program
  readonly learning: Learning
  /** The last error of its code on a row, for its author. */
  lastError?: AuthorError
}

export interface Refusal {
  readonly ok: false
  /** Nothing is wrong with it: what it runs in is away, and will be back. */
  readonly isAway?: true
  readonly reason: string
  readonly error: AuthorError
}

let loads = 0

/** What the sandbox would run for a manifest's active version, given the fields the stream has now. Ids of programs are never used twice. */
export function compile(
  manifest: Manifest,
  record: FilterRecord,
  fields: readonly Field[],
  limits?: Limits,
): Program | Refusal {
  const version = manifest.versions.find(({ number }) => number === manifest.active)
  if (version === undefined) {
    const known = manifest.versions.map(({ number }) => number).join(', ')
    return {
      ok: false,
      reason: 'error',
      error: { message: `there is no version ${manifest.active}; activate one of ${known}` },
    }
  }
  const { language, source, number } = version
  const check = checkSource(language, source, { fields, cutouts: manifest.cutouts })
  if (!check.ok) {
    const [problem] = check.problems
    return { ok: false, reason: 'syntax', error: problem ?? { message: 'the source was refused' } }
  }
  return programOf({
    id: `${manifest.id}.${number}.${++loads}`,
    version: number,
    language,
    trust: record.strikes > 0 ? 'quarantined' : manifest.trust,
    check: { ...check, reads: widened(check.reads, record.learned, check.offers) },
    author: manifest.owner,
    ...(limits === undefined ? {} : { limits }),
  })
}

/** Loads a program. Rejects only when the sandbox cannot run. */
export async function loadRunner(
  sandbox: Sandbox,
  manifest: Manifest,
  record: FilterRecord,
  program: Program,
): Promise<{ readonly ok: true; readonly runner: Runner } | Refusal> {
  const outcome = await sandbox.load(program).catch(refused)
  if (!outcome.ok) return outcome
  const { id, cap, policy, start } = manifest
  const fromVisit = typeof start === 'object' && 'visit' in start ? BigInt(start.visit) : undefined
  const { version } = program
  const { ahead } = record
  const learning = new Learning(program)
  const runner = { id, version, cap, policy, ahead, fromVisit, manifest, share: undefined, program, learning }
  return { ok: true, runner }
}

/** Whether a filter has a lane of its own even when it keeps up, so that the others of its stream never wait for it. */
export const staysBeside = ({ runtime }: Program, { strikes, isSlow }: FilterRecord): boolean =>
  runtime === 'container' || strikes > 0 || isSlow

/** An engine that is started later, an image that is still being made, and columns of ours that no view can be made of until the schemas change. */
const AWAY: ReadonlySet<string> = new Set(['SANDBOX_ENGINE_UNREACHABLE', 'SANDBOX_IMAGE', 'SANDBOX_COLUMNS_INVALID'])

/** A program that this worker's sandbox has no runtime for is the author's to know; an engine that is away is waited for; anything else is ours. */
function refused(error: unknown): Refusal {
  if (!(error instanceof SandboxError)) throw error
  const { code, message } = error
  if (AWAY.has(code)) return { ok: false, isAway: true, reason: 'error', error: { message } }
  if (code !== 'SANDBOX_PROGRAM_INVALID') throw error
  return { ok: false, reason: 'error', error: { message } }
}
