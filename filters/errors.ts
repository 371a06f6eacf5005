// The one error class of this folder. What is wrong with an author's source is a Problem (check/parse/problem.ts); everything here is ours.

/** Every code and what it means. One line each; a new code goes under the heading of the part that throws it. */
export const FILTER_ERRORS = {
  // Progress
  FILTER_PROGRESS_CORRUPT: 'A record of the progress topic cannot be read.',
  FILTER_PROGRESS_LOST: 'The barrier of a restore did not come back from the progress topic.',
  FILTER_POSITION: 'Packets do not follow the position of their lane.',
  // Publish
  FILTER_FENCED: 'Another worker has taken this shard over.',
  FILTER_COMMIT: 'A transaction failed, or whether it was committed is not known.',
  // Author
  FILTER_BUSY: 'Too many sources of one account wait to be looked at.',
  // Worker
  FILTER_SANDBOX: 'The sandbox cannot run.',
  FILTER_TOPIC: 'A topic the worker needs is missing on its node.',
  FILTER_SETTING: 'A setting of the worker is not valid.',
} as const

export type FilterErrorCode = keyof typeof FILTER_ERRORS

/** What the engine throws. `code` is stable; `message` says what, where, why and what to do next. */
export class FilterError extends Error {
  override readonly name = 'FilterError'
  readonly code: FilterErrorCode

  constructor(code: FilterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
