// A checked source as the program that a sandbox loads.
import { type Limits, type Program, type Trust } from '#sandbox'
import { type Language } from '../manifest.ts'
import { type SourceCheck } from './check-source.ts'

/** What a filter may use unless its owner was granted more: 200 ms for a batch of 256 alerts is 15 times a light-curve filter's cost. */
export const DEFAULT_LIMITS: Limits = { batchMs: 200, memoryMb: 32, logChars: 4_096, annotationChars: 4_096 }

const EXTENSION: Record<Language, string> = { javascript: 'js', typescript: 'ts', python: 'py' }

/** The name a source has in messages to its author. */
export const fileNameOf = (language: Language): string => `filter.${EXTENSION[language]}`

export interface ProgramOptions {
  readonly id: string
  readonly version: number
  readonly language: Language
  readonly trust: Trust
  readonly check: Pick<Extract<SourceCheck, { ok: true }>, 'code' | 'reads' | 'offers'>
  /** Whose it is; in Python those of one author may share a container. */
  readonly author?: string
  readonly limits?: Limits
}

/** The program of a version, reading the columns its check found. */
export function programOf({
  id,
  version,
  language,
  trust,
  check,
  author,
  limits = DEFAULT_LIMITS,
}: ProgramOptions): Program {
  return {
    id,
    version,
    runtime: language === 'python' ? 'container' : 'isolate',
    source: check.code,
    fileName: fileNameOf(language),
    reads: check.reads,
    offers: check.offers,
    trust,
    ...(author === undefined ? {} : { author }),
    limits,
  }
}
