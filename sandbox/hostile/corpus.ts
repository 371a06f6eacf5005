// A hostile corpus: a case is a line of JSON, and becomes a program.
import { readFileSync } from 'node:fs'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { SandboxError } from '../errors.ts'

export const HostileCase = Type.Object({
  name: Type.String(),
  category: Type.String(),
  /** Body of a function with `alert` (also called `a`) in scope. */
  body: Type.Optional(Type.String()),
  /** A whole module. */
  module: Type.Optional(Type.String()),
  /** What comes of it; several possibilities are separated by `|`. */
  expect: Type.String(),
  /** A pattern in what its author must be told. */
  says: Type.Optional(Type.String()),
})
export type HostileCase = Static<typeof HostileCase>

/** Reads a corpus file, one case a line. */
export function readCorpus(file: string): HostileCase[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line.trim() !== '')
  return lines.map((line, index) => {
    const parsed: unknown = JSON.parse(line)
    if (Value.Check(HostileCase, parsed) && (parsed.body ?? parsed.module) !== undefined) return parsed
    throw new SandboxError(
      'SANDBOX_PROGRAM_INVALID',
      `Line ${index + 1} of ${file} is no case: it needs name, category, body and expect.`,
    )
  })
}

/** The module of a JavaScript case; the body starts on line 1, so that positions in it are easy to follow. */
export const javascriptModule = ({ body, module }: HostileCase): string =>
  module ?? `export function filter(alert, batch = [alert]) { const a = alert; ${body ?? ''}\n}\n`

/** The module of a Python case. */
export const pythonModule = ({ body, module }: HostileCase): string =>
  module ?? `def filter(alert):\n    a = alert\n    ${(body ?? '').replaceAll('\n', '\n    ')}\n`
