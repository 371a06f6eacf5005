// In: the text of a filter and the fields of its stream. Out: the code that a sandbox runs, the columns it reads and warnings, or the problems for which it
// is refused. Nothing of the text is run. `source-checker.ts` calls this in a process of its own.
import type { ColumnSet } from '#sandbox'
import type { Language } from '../manifest.ts'
import { columnsOffered, columnsRead, type Field } from './fields/columns-read.ts'
import { javascriptNames } from './fields/javascript-names.ts'
import { parseModule } from './parse/parse-module.ts'
import { type Problem, ProblemCode } from './parse/problem.ts'
import { unknownPythonFields } from './fields/python-unknown-fields.ts'
import { pythonNames } from './fields/python-names.ts'
import { stripTypes } from './parse/strip-types.ts'
import { unknownJavascriptFields } from './fields/javascript-unknown-fields.ts'

/** Characters of a source at most. */
export const MAX_SOURCE_CHARS = 262_144

export type SourceCheck =
  | {
      readonly ok: true
      /** What the sandbox runs: JavaScript with the author's positions, or the Python text itself. */
      readonly code: string
      readonly description: string
      readonly reads: ColumnSet
      /** All that its records have. */
      readonly offers: ColumnSet
      /** True when every field is copied for it, because it builds field names or enumerates them. */
      readonly readsEverything: boolean
      readonly warnings: readonly Problem[]
      /** What it can reach fields by, whatever fields its stream has. */
      readonly names: readonly string[]
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export interface CheckOptions {
  /** What packets of the filter's stream offer. */
  readonly fields: readonly Field[]
  readonly cutouts?: boolean
}

export const tooLarge = (source: string): Problem => ({
  code: ProblemCode.size,
  message: `the source has ${source.length} characters; ${MAX_SOURCE_CHARS} are allowed: move tables out of it or shorten them`,
})

/** Editors put it before a text; it is no part of the program, and no column of its first line. */
const BYTE_ORDER_MARK = /^\uFEFF/

const COSTLY: Problem = {
  code: ProblemCode.unsupported,
  message:
    'this filter builds field names or enumerates fields, so it is given every field: about ten times the cost of naming the fields it needs',
}

/**
 * Checks size, syntax, exports and imports, and works out which fields a source reads. What it costs grows with the source's length and no faster;
 * all the same it runs in a process of its own (`source-checker.ts`), because the tools it uses may break on a text that nobody thought of.
 */
export function checkSource(
  language: Language,
  source: string,
  { fields, cutouts = false }: CheckOptions,
): SourceCheck {
  if (source.length > MAX_SOURCE_CHARS) return { ok: false, problems: [tooLarge(source)] }
  const text = source.replace(BYTE_ORDER_MARK, '')
  if (language === 'python') return checkPython(text, fields, cutouts)
  const stripped = language === 'typescript' ? stripTypes(text) : { code: text }
  if ('problem' in stripped) return { ok: false, problems: [stripped.problem] }
  const module = parseModule(stripped.code)
  if ('problems' in module) return { ok: false, problems: module.problems }
  const { names, computed } = javascriptNames(module.program)
  return {
    ok: true,
    code: stripped.code,
    description: module.description,
    reads: columnsRead(fields, { names, everything: computed, cutouts }),
    offers: columnsOffered(fields, cutouts),
    readsEverything: computed,
    warnings: [
      ...module.warnings,
      ...unknownJavascriptFields(module.program, { fields, cutouts }),
      ...(computed ? [COSTLY] : []),
    ],
    names: fieldNames(names),
  }
}

function checkPython(source: string, fields: readonly Field[], cutouts: boolean): SourceCheck {
  const { names, computed, description } = pythonNames(source)
  if (!names.has('AlertFilter') && !names.has('filter')) {
    const message =
      'the source has no filter: write `class MyFilter(AlertFilter)` with `def filter(self, alert)`, or a function `def filter(alert)`'
    return { ok: false, problems: [{ code: ProblemCode.noFilter, message, line: 1, column: 1 }] }
  }
  return {
    ok: true,
    code: source,
    description,
    reads: columnsRead(fields, { names, everything: computed, cutouts }),
    offers: columnsOffered(fields, cutouts),
    readsEverything: computed,
    warnings: [...unknownPythonFields(source, fields), ...(computed ? [COSTLY] : [])],
    names: fieldNames(names),
  }
}

/** Those that a field can have: names of Avro. */
const fieldNames = (names: ReadonlySet<string>): string[] =>
  [...names].filter(name => /^[A-Za-z_]\w{0,200}$/.test(name))
