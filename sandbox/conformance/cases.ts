// What a filter may do and what comes of it, once for each runtime: the same behaviour in JavaScript and in Python, on the sample records.

export type Verdict = 'pass' | 'drop' | 'error'

export interface Case {
  readonly title: string
  readonly javascript: string
  readonly python: string
  /** Of the four sample records. */
  readonly expected: readonly Verdict[]
  readonly scores?: Readonly<Record<number, number>>
  readonly annotations?: Readonly<Record<number, unknown>>
  readonly firstError?: { readonly row: number; readonly message: RegExp; readonly line?: number }
  readonly logs?: readonly string[]
}

const python = (expression: string): string =>
  `class Case(AlertFilter):\n    def filter(self, alert):\n        return ${expression}\n`
const javascript = (expression: string): string => `export function filter(alert) {\n  return ${expression}\n}\n`

/** A case whose filter is one expression in each language. */
const both = (title: string, js: string, py: string, rest: Omit<Case, 'title' | 'javascript' | 'python'>): Case => ({
  title,
  javascript: javascript(js),
  python: python(py),
  ...rest,
})

const ALL: readonly Verdict[] = ['pass', 'pass', 'pass', 'pass']
const NONE: readonly Verdict[] = ['drop', 'drop', 'drop', 'drop']
const ERRORS: readonly Verdict[] = ['error', 'error', 'error', 'error']

export const CASES: readonly Case[] = [
  // Verdict forms
  both('true passes', 'true', 'True', { expected: ALL }),
  both('false drops', 'false', 'False', { expected: NONE }),
  both('nothing drops', 'undefined', 'None', { expected: NONE }),
  both('zero drops', '0', '0', { expected: NONE }),
  both('a negative number drops', '-1.5', '-1.5', { expected: NONE }),
  both('NaN drops', 'NaN', 'float("nan")', { expected: NONE }),
  both('a positive number passes with it as score', '2.5', '2.5', {
    expected: ALL,
    scores: { 0: 2.5, 1: 2.5, 2: 2.5, 3: 2.5 },
  }),
  both('an infinite number is an error', 'Infinity', 'float("inf")', {
    expected: ERRORS,
    firstError: { row: 0, message: /finite/ },
  }),
  both('a text is an error that says what to return', '"yes"', '"yes"', {
    expected: ERRORS,
    firstError: {
      row: 0,
      message: /returned a str(ing)?; return true, false, a number or \{pass, score, annotations\}/i,
    },
  }),
  both(
    'an object passes with score and annotations',
    '({pass: true, score: 3, annotations: {why: alert.source.band, id: alert.source.id}})',
    '{"pass": True, "score": 3, "annotations": {"why": alert.source.band, "id": str(alert.source.id) if alert.source.id is not None else None}}',
    {
      expected: ALL,
      scores: { 0: 3, 1: 3, 2: 3, 3: 3 },
      annotations: {
        0: { why: 'g', id: '1152921504606846977' },
        1: { why: 'r', id: '-1152921504606846976' },
        2: { why: null, id: null },
        3: { why: 'white', id: '0' },
      },
    },
  ),
  both(
    'an id in annotations is text, however deep',
    '({pass: (alert.source.id ?? 0n) !== 0n, annotations: {id: alert.source.id, all: [{id: alert.source.id}]}})',
    '{"pass": bool(alert.source.id), "annotations": {"id": alert.source.id, "all": [{"id": alert.source.id}]}}',
    {
      expected: ['pass', 'pass', 'drop', 'drop'],
      annotations: {
        0: { id: '1152921504606846977', all: [{ id: '1152921504606846977' }] },
        1: { id: '-1152921504606846976', all: [{ id: '-1152921504606846976' }] },
      },
    },
  ),
  both(
    'an object that does not pass leaves neither score nor annotations',
    '({pass: false, score: 3, annotations: {a: 1}})',
    '{"pass": False, "score": 3, "annotations": {"a": 1}}',
    { expected: NONE },
  ),
  both('an object without pass is an error', '({annotations: {a: 1}})', '{"annotations": {"a": 1}}', {
    expected: ERRORS,
    firstError: { row: 0, message: /without "pass"/ },
  }),
  both('a score that is not positive is an error', '({pass: true, score: -1})', '{"pass": True, "score": -1}', {
    expected: ERRORS,
    firstError: { row: 0, message: /score/ },
  }),
  both(
    'annotations that are too long are an error',
    '({pass: true, annotations: {a: "x".repeat(5000)}})',
    '{"pass": True, "annotations": {"a": "x" * 5000}}',
    { expected: ERRORS, firstError: { row: 0, message: /4096/ } },
  ),
  // Values
  both(
    'a null number is null and NaN is NaN',
    'alert.source.flux === null || Number.isNaN(alert.source.flux)',
    'alert.source.flux is None or alert.source.flux != alert.source.flux',
    { expected: ['drop', 'pass', 'pass', 'drop'] },
  ),
  both(
    '64-bit ids are exact',
    'alert.source.id === 2n ** 60n + 1n || alert.source.id === -(2n ** 60n)',
    'alert.source.id == 2**60 + 1 or alert.source.id == -2**60',
    { expected: ['pass', 'pass', 'drop', 'drop'] },
  ),
  both(
    'whole numbers of 32 bits are numbers in JavaScript and int in Python',
    'typeof alert.source.detector === "number" && [85, -1, 0].includes(alert.source.detector)',
    'type(alert.source.detector) is int and f"{alert.source.detector}" in ("85", "-1", "0")',
    { expected: ['pass', 'pass', 'drop', 'pass'] },
  ),
  both('booleans are booleans or null', 'alert.source.flagged === true', 'alert.source.flagged is True', {
    expected: ['pass', 'drop', 'drop', 'pass'],
  }),
  both(
    'texts are whole, whatever their characters',
    'alert.name === "α Centauri — 𝛿" || alert.name === "plain" || alert.name === ""',
    'alert.name in ("α Centauri — 𝛿", "plain", "")',
    { expected: ['pass', 'pass', 'drop', 'pass'] },
  ),
  both(
    'short texts and long ones are alike',
    'alert.source.band === "g" || alert.source.band === "white"',
    'alert.source.band in ("g", "white")',
    { expected: ['pass', 'drop', 'drop', 'pass'] },
  ),
  both('an absent record is null', 'alert.object === null', 'alert.object is None', {
    expected: ['drop', 'pass', 'drop', 'drop'],
  }),
  both(
    'a present record has its fields',
    'alert.object !== null && alert.object.ra > 10',
    'alert.object is not None and alert.object.ra is not None and alert.object.ra > 10',
    { expected: ['pass', 'drop', 'drop', 'pass'] },
  ),
  both(
    'an absent array is null and an empty one is empty',
    'alert.history === null || alert.history.length === 0',
    'alert.history is None or len(alert.history) == 0',
    { expected: ['drop', 'pass', 'pass', 'drop'] },
  ),
  both(
    'items of an array have their own values',
    'alert.history?.length === 3 && alert.history[0].flux === 1 && alert.history[1].flux === null && Number.isNaN(alert.history[2].flux) && alert.history[2].band === "clear" && alert.history[2].id === -5n',
    'alert.history is not None and len(alert.history) == 3 and alert.history[0].flux == 1 and alert.history[1].flux is None and alert.history[2].flux != alert.history[2].flux and alert.history[2].band == "clear" and alert.history[2].id == -5',
    { expected: ['pass', 'drop', 'drop', 'drop'] },
  ),
  both(
    'bytes are bytes',
    'alert.stamp !== null && alert.stamp.length === 3 && alert.stamp[2] === 3',
    'alert.stamp is not None and len(alert.stamp) == 3 and alert.stamp[2] == 3',
    { expected: ['pass', 'drop', 'drop', 'drop'] },
  ),
  {
    title: 'a byte order mark before the source is skipped',
    javascript: '\uFEFFexport const filter = () => true\n',
    python: '\uFEFFdef filter(alert):\n    return True\n',
    expected: ALL,
  },
  // Errors and logs
  {
    title: 'an exception is an error of its row, with line and column of the file',
    javascript: 'export function filter(alert) {\n  const { history } = alert\n  return history.length > 2\n}\n',
    python: 'class Case(AlertFilter):\n    def filter(self, alert):\n        return len(alert.history) > 2\n',
    expected: ['pass', 'error', 'drop', 'drop'],
    firstError: { row: 1, message: /TypeError/, line: 3 },
  },
  {
    title: 'what is logged reaches the author',
    javascript:
      'export function filter(alert) {\n  if (alert.object === null) console.log("no object", alert.source.band)\n  return true\n}\n',
    python:
      'class Case(AlertFilter):\n    def filter(self, alert):\n        if alert.object is None:\n            print("no object", alert.source.band)\n        return True\n',
    expected: ALL,
    logs: ['no object r'],
  },
]
