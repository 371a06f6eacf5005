// `skysieve filter check|test` without an account: a filter checked and run on a visit here, in the sandbox that production uses.
// In: a source file, and a bundled visit or a file of packets. Out: what passed, what it cost, what was wrong.
import { fileVisits, HubError, parseSchema, readFrame, STREAMS } from '#hub'
import {
  DEFAULT_LIMITS,
  heldAnnotationsWarning,
  type Manifest,
  openSourceChecker,
  type Problem,
  programOf,
  type SourceCheck,
  sampleOf,
  type Trial,
  type TrialPacket,
  trialRun,
} from '#filters'
import type { Sandbox } from '#sandbox'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import type { SourceFile } from './source-file.ts'
import { fieldsOf } from '../../../authoring/stream-fields.ts'

type GoodSource = Extract<SourceCheck, { ok: true }>

/** How the source is to be submitted. */
interface Wanted extends Partial<Pick<Manifest, 'cap' | 'policy'>> {
  readonly stream: string
  readonly cutouts: boolean
}

/** What is known of a source without running it, read as the API reads it. Throws CliError FILTER_SOURCE_… with positions. */
export async function checked({ source, language }: SourceFile, wanted: Wanted): Promise<GoodSource> {
  const { stream, cutouts, cap, policy } = wanted
  if (!Object.hasOwn(STREAMS, stream)) {
    throw new CliError(
      'CLI_STREAM_UNKNOWN',
      EXIT.usage,
      `There is no stream “${stream}”; there are ${Object.keys(STREAMS).join(', ')}.`,
    )
  }
  const checker = openSourceChecker({ size: 1 })
  try {
    const check = await checker.check(language, source, { fields: fieldsOf(stream, []), cutouts })
    if (!check.ok) throw sourceFault(check.problems)
    const held = cap === undefined ? undefined : heldAnnotationsWarning({ cap, policy: policy ?? 'first' }, check.names)
    return held === undefined ? check : { ...check, warnings: [...check.warnings, held] }
  } finally {
    checker.close()
  }
}

function sourceFault(problems: readonly Problem[]): CliError {
  const [first] = problems
  return new CliError(
    first?.code ?? 'FILTER_SOURCE',
    EXIT.filterFault,
    `The filter is not accepted: ${first?.message ?? 'no reason is given'}.`,
    { problems },
  )
}

export interface LocalRun {
  readonly file: SourceFile
  readonly check: GoodSource
  readonly sandbox: Sandbox
  readonly stream: string
  readonly cap: number
  /** Alerts of the bundled visit. */
  readonly alerts: number
  /** A file of packets to run on instead. */
  readonly packets?: string
  readonly onProgress: (trial: Trial) => void
}

export async function runLocally({
  file,
  check,
  sandbox,
  stream,
  cap,
  alerts,
  packets,
  onProgress,
}: LocalRun): Promise<Trial> {
  const { language } = file
  const program = programOf({ id: 'local-run', version: 1, language, trust: 'known', check, limits: DEFAULT_LIMITS })
  const known = STREAMS[stream] ?? STREAMS.lsst
  const sample = packets === undefined ? sampleOf(known, [], alerts) : packetsOf(packets)
  if (sample === undefined) {
    const message = `There is no sample of the stream “${stream}”; give a file of its packets with --packets.`
    throw new CliError('CLI_SAMPLE_MISSING', EXIT.usage, message)
  }
  try {
    return await trialRun({ sandbox, program, stream: known, packets: sample, cap, onProgress })
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    const what = packets ?? 'the sample'
    const message = `${what} has a packet that is no alert of the stream “${stream}”: ${error.message}`
    throw new CliError('CLI_PACKETS_UNREADABLE', EXIT.usage, message, { cause: error })
  }
}

async function* packetsOf(path: string): AsyncGenerator<TrialPacket> {
  const source = await fileVisits(path)
  try {
    const schemas = new Map(source.schemas.map(({ id, schemaJson }) => [id, parseSchema(schemaJson)]))
    for await (const visit of source.visits()) {
      for await (const packet of visit.read()) {
        const { schemaId, body } = readFrame(packet)
        const schema = schemas.get(schemaId)
        if (schema) yield { schemaId, schema, body, timestampMs: Date.now() }
      }
    }
  } finally {
    await source.close()
  }
}

/** A trial as JSON: ids are decimal strings, `delivered` what the cap lets through. */
export const trialView = ({ matches, costUs, ...trial }: Trial) => ({
  alerts: trial.alerts,
  passed: trial.passed,
  delivered: matches.length,
  overCap: trial.overCap,
  errors: trial.errors,
  costUs,
  matches: matches.map(({ alert, visit, ...rest }) => ({ alert: String(alert), visit: String(visit), ...rest })),
  firstError: trial.firstError ? { ...trial.firstError, alert: String(trial.firstError.alert) } : null,
  failure: trial.failure ?? null,
  logs: trial.logs,
  learned: trial.learned,
})
