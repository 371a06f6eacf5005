// The process that reads authors' texts: one question at a time over its channel, an answer to each. Nothing of what it reads is run.
// What it imports is little, and types only of the rest: it is to start fast.
import { checkSource } from './check-source.ts'
import { deepBracket, tooDeep } from './parse/nesting-limit.ts'
import { type Problem, ProblemCode } from './parse/problem.ts'
import type { Answer, Question } from './start-check-process.ts'
import { warmUp } from './parse/strip-types.ts'

const WARM_UP_AFTER_MS = 500

/** How WebAssembly, in which types are erased, ends when its stack does. */
const isTrap = (error: unknown): boolean => error instanceof Error && error.name === 'RuntimeError'

const broken = (source: string, error: unknown): Problem => {
  if (error instanceof RangeError || isTrap(error)) {
    const { line, column } = deepBracket(source) ?? { line: 1, column: 1 }
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
