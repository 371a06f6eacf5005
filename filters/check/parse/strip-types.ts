// TypeScript filter → JavaScript with every remaining character where it was, so that positions in messages are the author's.
import { createRequire } from 'node:module'
import { findDeepBracket, tooDeep } from './nesting-limit.ts'
import { type Problem, ProblemCode } from './problem.ts'

interface StripError {
  readonly code: string
  readonly message: string
  readonly startLine: number
  readonly startColumn: number
}

const isStripError = (error: unknown): error is StripError =>
  typeof error === 'object' && error !== null && 'startLine' in error && 'message' in error

/** Loaded with the first source that needs it: it is 4 MB of WebAssembly. */
const tool = (): typeof import('amaro') => createRequire(import.meta.url)('amaro') as typeof import('amaro')

/** Makes the tool ready, which takes longer than most sources do. */
export const warmUp = (): void => void stripTypes('const warm: number = 1')

/**
 * JavaScript of a TypeScript module whose types can be erased, or the first problem. Throws anything else where the tool breaks on a source: its
 * memory is not to be trusted from then on, so the process that it is in has to end.
 */
export function stripTypes(source: string): { readonly code: string } | { readonly problem: Problem } {
  const deep = findDeepBracket(source)
  if (deep !== undefined) return { problem: tooDeep(deep.line, deep.column) }
  try {
    return { code: tool().transformSync(source, { mode: 'strip-only' }).code }
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
