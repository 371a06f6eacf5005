// Runs in the process that `start-check-process.ts` starts: one source at a time comes over its channel, and its check goes back. Nothing of a source is run.
// It imports little, and only types of the rest, so that it starts fast.
import { checkSource } from './check-source.ts'
import { findDeepBracket, tooDeep } from './parse/nesting-limit.ts'
import { type Problem, ProblemCode } from './parse/problem.ts'
import type { Answer, Question } from './start-check-process.ts'
import { warmUp } from './parse/strip-types.ts'

const WARM_UP_AFTER_MS = 500

/** How WebAssembly, in which types are erased, ends when its stack does. */
const isTrap = (error: unknown): boolean => error instanceof Error && error.name === 'RuntimeError'

const broken = (source: string, error: unknown): Problem => {
  if (error instanceof RangeError || isTrap(error)) {
    const { line, column } = findDeepBracket(source) ?? { line: 1, column: 1 }
    return tooDeep(line, column)
  }
  const message = `the source cannot be read, which is our fault: ${error instanceof Error ? error.message : String(error)}`
  return { code: ProblemCode.unsupported, message: message.slice(0, 500) }
}

const answer = ({ language, source, fields, cutouts }: Question): Answer => {
  try {
    return { check: checkSource(language, source, { fields, cutouts }), isSpent: false }
  } catch (error) {
    return { check: { ok: false, problems: [broken(source, error)] }, isSpent: true }
  }
}

process.on('message', question => process.send?.(answer(question as Question)))
// Whoever asked is gone.
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
// A question that is there already goes first.
setTimeout(warmUp, WARM_UP_AFTER_MS).unref()
