// What an author is told about a source: positions are those of the file as written, lines and columns from 1.

/** Every reason a source is refused for, before anything of it has run. */
export const ProblemCode = {
  size: 'FILTER_SOURCE_TOO_LARGE',
  depth: 'FILTER_SOURCE_TOO_DEEP',
  effort: 'FILTER_SOURCE_TOO_COMPLEX',
  syntax: 'FILTER_SOURCE_SYNTAX',
  noFilter: 'FILTER_SOURCE_NO_FILTER',
  forbiddenImport: 'FILTER_SOURCE_IMPORT',
  asynchronous: 'FILTER_SOURCE_ASYNC',
  unsupported: 'FILTER_SOURCE_UNSUPPORTED',
  unknownField: 'FILTER_SOURCE_UNKNOWN_FIELD',
} as const
export type ProblemCode = (typeof ProblemCode)[keyof typeof ProblemCode]

export interface Problem {
  readonly code: ProblemCode
  readonly message: string
  readonly line?: number
  readonly column?: number
}

/** Problems of one source that are told; the others appear once these are mended. */
export const MAX_PROBLEMS = 50
