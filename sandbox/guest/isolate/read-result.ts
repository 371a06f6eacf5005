// Inside an isolate: what a filter returned or threw → drop, pass or error of that row, with everything an author is told about it.
import { type Primordials } from './primordials.ts'

export interface ResultOptions {
  /** The script name positions are looked for under. */
  readonly fileName: string
  readonly annotationChars: number
  readonly annotationBudget: number
  /** Index of the first score. */
  readonly scores: number
  readonly maxRows: number
}

/** Collects scores into the mailbox, annotations and the first error of a batch. */
export function openResultReader(primordials: Primordials, cells: Float64Array, options: ResultOptions) {
  const { apply, stringify, sliceText, indexOf, startsWith, charCodeAt, toText, isFinite, fill } = primordials
  const { fileName, annotationChars, annotationBudget, scores, maxRows } = options
  const MESSAGE_CHARS = 500
  const FORMS = 'return true, false, a number or {pass, score, annotations}'
  let firstError = ''
  let annotations = ''
  let annotated = 0
  let scored = false

  const clip = (text: string): string =>
    text.length > MESSAGE_CHARS ? `${apply(sliceText, text, [0, MESSAGE_CHARS])}…` : text

  const number = (text: string, from: number): [value: number, end: number] => {
    let value = 0
    let at = from
    for (; at < text.length; at++) {
      const digit = apply(charCodeAt, text, [at]) - 48
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
    }
    return [value, at]
  }
  const isPlace = (value: number): boolean => value > 0 && value < 1e9
  /** The first position of the author's file in a stack, as JSON members. */
  const position = (stack: unknown, header: string): string => {
    if (typeof stack !== 'string') return ''
    const from = apply(startsWith, stack, [header]) ? header.length : 0
    const found = apply(indexOf, stack, [`${fileName}:`, from])
    if (found < 0) return ''
    const line = number(stack, found + fileName.length + 1)
    const column = number(stack, line[1] + 1)
    // Whoever writes a stack himself may write any number into it.
    return isPlace(line[0]) && isPlace(column[0]) ? `,"line":${line[0]},"column":${column[0]}` : ''
  }
  /** JSON members of an error: message and position. Never throws, whatever was thrown. */
  const describe = (thrown: unknown): string => {
    try {
      if (typeof thrown !== 'object' || thrown === null)
        return `"message":${stringify(clip(`threw ${toText(thrown)}; throw an Error to be told the line`))}`
      const { name, message, stack } = thrown as { name: unknown; message: unknown; stack: unknown }
      const shown =
        message === undefined ? 'threw an object without a message' : `${toText(name ?? 'Error')}: ${toText(message)}`
      return `"message":${stringify(clip(shown))}${position(stack, shown)}`
    } catch {
      return '"message":"threw something that cannot be shown"'
    }
  }

  const fail = (row: number, thrown: unknown): void => {
    if (firstError === '') firstError = `{"row":${row},${describe(thrown)}}`
  }
  const refuse = (row: number, message: string): number => {
    if (firstError === '') firstError = `{"row":${row},"message":${stringify(clip(message))}}`
    return 2
  }
  const score = (row: number, value: number): void => {
    if (!scored) {
      scored = true
      apply(fill, cells, [NaN, scores, scores + maxRows])
    }
    cells[scores + row] = value
  }
  const annotate = (row: number, value: unknown): number => {
    if (typeof value !== 'object') return refuse(row, `returned annotations that are a ${typeof value}; give an object`)
    const json = stringify(value)
    if (json === undefined) return refuse(row, 'returned annotations that have no JSON')
    if (json.length > annotationChars)
      return refuse(row, `returned annotations of ${json.length} characters of JSON; ${annotationChars} are allowed`)
    if (annotated + json.length > annotationBudget)
      return refuse(
        row,
        `the annotations of one batch passed ${annotationBudget} characters of JSON; annotate fewer alerts`,
      )
    annotated += json.length
    annotations += `${annotations === '' ? '' : ','}[${row},${stringify(json)}]`
    return 1
  }
  const readObject = (row: number, verdict: object): number => {
    const { pass, score: given, annotations: notes, then } = verdict as Record<string, unknown>
    if (typeof then === 'function') return refuse(row, `returned a promise, and filters answer at once; ${FORMS}`)
    if (pass === undefined && !('pass' in verdict)) return refuse(row, `returned an object without "pass"; ${FORMS}`)
    const passes =
      pass === true || typeof pass === 'number'
        ? readSimple(row, pass)
        : pass
          ? refuse(row, `returned pass as a ${typeof pass}; ${FORMS}`)
          : 0
    if (passes !== 1) return passes
    if (given !== undefined && given !== null) {
      if (typeof given !== 'number' || !(given > 0) || !isFinite(given))
        return refuse(row, `returned the score ${clip(toText(given))}; a score is a positive number`)
      score(row, given)
    }
    return notes === undefined || notes === null ? 1 : annotate(row, notes)
  }
  const readSimple = (row: number, verdict: boolean | number): number => {
    if (verdict === true) return 1
    if (verdict === false || !(verdict > 0)) return 0
    if (!isFinite(verdict)) return refuse(row, 'returned Infinity; a score is a positive number that is finite')
    score(row, verdict)
    return 1
  }

  return {
    fail,
    describe,
    /** 0 drop, 1 pass, 2 error, of a verdict that is not plainly true or false. */
    read(row: number, verdict: unknown): number {
      if (verdict === undefined || verdict === null) return 0
      if (typeof verdict === 'number' || typeof verdict === 'boolean') return readSimple(row, verdict)
      try {
        if (typeof verdict === 'object') return readObject(row, verdict)
        return refuse(row, `returned a ${typeof verdict}; ${FORMS}`)
      } catch (thrown) {
        fail(row, thrown)
        return 2
      }
    },
    begin(): void {
      firstError = ''
      annotations = ''
      annotated = 0
      scored = false
    },
    scored: (): boolean => scored,
    /** JSON members for the reply, or nothing. */
    take(): string {
      const error = firstError === '' ? '' : `"firstError":${firstError}`
      if (annotations === '') return error
      return `${error}${error === '' ? '' : ','}"annotations":[${annotations}]`
    },
  }
}

export type ResultReader = ReturnType<typeof openResultReader>
