// A filter that runs: one version, loaded in the sandbox, with the columns it reads and the cap its manifest gives it.
import { type AuthorError, type LearnedColumns, type Program } from '#sandbox'
import { type Manifest } from '../manifest.ts'
import { type FilterRecord } from '../progress/records.ts'
import { type CappedFilter, type Share } from '../verdicts/capped-filter.ts'

/** A loaded filter. Its `ahead` is that of its progress record, shared. */
export interface RunningFilter extends CappedFilter {
  /** A new cap, policy or name takes effect without a new version. */
  cap: number
  policy: Manifest['policy']
  manifest: Manifest
  share: Share | undefined
  /** Replaced when it learns. */
  program: Program
  readonly learning: LearnedColumns
  /** The last error of its code on a row, for its author. */
  lastError?: AuthorError
}

/** Whether a filter has a lane of its own even when it keeps up, so that the others of its stream never wait for it. */
export const staysBeside = ({ runtime }: Program, { strikes, isSlow }: FilterRecord): boolean =>
  runtime === 'container' || strikes > 0 || isSlow
