// TypeScript filter → JavaScript with every remaining character where it was, so that positions in messages are the author's.
import { transformSync } from 'amaro'
import { type Problem, ProblemCode } from './problem.ts'

interface StripError {
  readonly code: string
  readonly message: string
  readonly startLine: number
  readonly startColumn: number
}

const isStripError = (error: unknown): error is StripError =>
  typeof error === 'object' && error !== null && 'startLine' in error && 'message' in error

/** JavaScript of a TypeScript module whose types can be erased, or the first problem. */
export function stripTypes(source: string): { readonly code: string } | { readonly problem: Problem } {
  try {
    return { code: transformSync(source, { mode: 'strip-only' }).code }
  } catch (error) {
    if (!isStripError(error)) throw error
    const unsupported = error.code === 'UnsupportedSyntax'
    const message = unsupported
      ? `${error.message.replace(' in strip-only mode', '')}: types are erased, not compiled; use plain JavaScript here`
      : error.message
    return {
      problem: {
        code: unsupported ? ProblemCode.unsupported : ProblemCode.syntax,
        message,
        line: error.startLine,
        column: error.startColumn + 1,
      },
    }
  }
}
