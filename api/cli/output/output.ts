// stdout is data, stderr is progress. A terminal gets readable text, everything else and `--json` get JSON.
// In: results, progress and failures of commands. Out: what people and programs read.
import type { CliContext } from '../context/cli-context.ts'
import type { CliError } from './exit-codes.ts'

export interface Output {
  /** The command's result: JSON, or `pretty` on a terminal. */
  result(value: unknown, pretty: () => string): void
  /** A program or file to be kept as it is; with `--json` the result it is part of. */
  document(text: string, value: unknown): void
  /** One item of a long result; always one line of JSON. */
  line(value: unknown): void
  /** A line for the person waiting. */
  progress(text: string): void
  failure(error: CliError): void
}

/** What a terminal obeys, and what turns the direction of writing. Names, reasons and messages come from authors, and administrators read those of all. */
// oxlint-disable-next-line no-control-regex -- they are what is taken away
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** A text as a terminal may show it. */
const shown = (text: string): string => text.replace(OBEYED, '\ufffd')

export function openOutput({ stdout, stderr, color }: CliContext, json: boolean): Output {
  const paint = (code: number, text: string): string => (color ? `\x1b[${code}m${text}\x1b[0m` : text)
  const asText = stdout.isTTY === true && !json
  return {
    result: (value, pretty) => void stdout.write(asText ? `${shown(pretty())}\n` : `${JSON.stringify(value)}\n`),
    document: (text, value) =>
      void stdout.write(json ? `${JSON.stringify(value)}\n` : stdout.isTTY === true ? shown(text) : text),
    line: value => void stdout.write(`${JSON.stringify(value)}\n`),
    progress: text => void stderr.write(`${shown(text)}\n`),
    failure({ code, message, problems }) {
      if (json) {
        stderr.write(`${JSON.stringify({ code, message, errors: problems })}\n`)
        return
      }
      stderr.write(`${paint(31, 'error')} ${shown(message)} [${code}]\n`)
      for (const { line, column, pointer, message } of problems) {
        const place = line === undefined ? (pointer ?? '') : `line ${line}, column ${column ?? 1}`
        stderr.write(`  ${shown(`${place ? `${place}: ` : ''}${message}`)}\n`)
      }
    },
  }
}

/** Rows as columns of equal width, with a head. An empty list says so and what to type. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)))
  return all
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The consumer groups a Kafka user may use, in a few words. */
export const groupsText = (user: string, prefixes: readonly string[]): string =>
  [user, ...prefixes.map(prefix => `${prefix}…`)].join(', ')
