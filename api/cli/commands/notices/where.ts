// `--where`: an expression over a notice's fields, as JavaScript has them, made into a function without running any of its text as code. Pure.
// In: the text. Out: a test of a notice, or an error with its place.
import { type Expression, type Node, parseExpressionAt } from 'acorn'
import { CliError, EXIT } from '../../output/exit-codes.ts'

/** What a field or an expression comes to. */
type Value = null | boolean | number | bigint | string | readonly Value[]
/** The fields of a notice by name. */
export type Fields = Readonly<Record<string, Value>>
type Compute = (fields: Fields) => Value

export interface WhereOptions {
  readonly fields: readonly string[]
  /** Names that may have been meant. */
  readonly near: (name: string, known: Iterable<string>) => readonly string[]
}

const ECMA_VERSION = 2022
const MAX_CHARS = 10_000
const MAX_DEPTH = 200

const MATH = [
  'abs',
  'ceil',
  'cos',
  'exp',
  'floor',
  'hypot',
  'log',
  'log10',
  'max',
  'min',
  'pow',
  'round',
  'sin',
] as const
const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = Object.fromEntries(
  [...MATH, 'sign' as const, 'sqrt' as const, 'tan' as const].map(name => [name, Math[name]]),
)
const CONSTANTS: Fields = { undefined: null, NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY }

/**
 * The test that an expression states. As in JavaScript, but null is neither less nor greater than anything and makes a calculation null, and an id equals
 * itself whether it is written as a number or as text. Throws CliError CLI_WHERE naming the place.
 */
export const compileWhere = (text: string, options: WhereOptions): ((fields: Fields) => boolean) => {
  if (text.length > MAX_CHARS) fail(text, 0, `is longer than ${MAX_CHARS} characters`)
  const expression = parse(text)
  const compute = compilerOf(text, options)(expression, 0)
  return fields => {
    const value = compute(fields)
    return typeof value === 'number' ? value !== 0 && !Number.isNaN(value) : Boolean(value)
  }
}

function fail(text: string, at: number, what: string): never {
  const message = `--where ${what}: ${text.slice(0, at)}⟦here⟧${text.slice(at)}`
  throw new CliError('CLI_WHERE', EXIT.usage, message.slice(0, 2 * MAX_CHARS), {
    problems: [{ message: what, line: 1, column: at + 1 }],
  })
}

const parse = (text: string): Expression => {
  let expression: Expression
  try {
    expression = parseExpressionAt(text, 0, { ecmaVersion: ECMA_VERSION })
  } catch (error) {
    if (error instanceof SyntaxError && 'pos' in error && typeof error.pos === 'number')
      fail(text, error.pos, `is no expression (${error.message.replace(/ \(\d+:\d+\)$/, '')})`)
    if (error instanceof RangeError) fail(text, 0, `is nested deeper than ${MAX_DEPTH} levels`)
    throw error
  }
  const rest = /\S/.exec(text.slice(expression.end))
  if (rest !== null) fail(text, expression.end + rest.index, 'goes on after its end')
  return expression
}

const compilerOf = (text: string, { fields, near }: WhereOptions) => {
  const known = new Set(fields)
  const refuse = (node: Node, what: string): never => fail(text, node.start, what)

  const compile = (node: Node, depth: number): Compute => {
    if (depth > MAX_DEPTH) refuse(node, `is nested deeper than ${MAX_DEPTH} levels`)
    const inner = (child: Node): Compute => compile(child, depth + 1)
    const expression = node as Expression
    switch (expression.type) {
      case 'Literal':
        return literal(expression)
      case 'Identifier':
        return field(expression, expression.name)
      case 'ArrayExpression': {
        const items = expression.elements.map(item => inner(item ?? refuse(node, 'has a list with a hole')))
        return values => items.map(item => item(values))
      }
      case 'UnaryExpression': {
        const value = inner(expression.argument)
        const unary = UNARY[expression.operator] ?? refuse(node, `cannot use ${expression.operator}`)
        return values => unary(value(values))
      }
      case 'BinaryExpression': {
        const [left, right] = [inner(expression.left), inner(expression.right)]
        const binary = BINARY[expression.operator] ?? refuse(node, `cannot use ${expression.operator}`)
        return values => binary(left(values), right(values))
      }
      case 'LogicalExpression': {
        const [left, right] = [inner(expression.left), inner(expression.right)]
        if (expression.operator === '&&') return values => (isTrue(left(values)) ? right(values) : false)
        if (expression.operator === '||') return values => orElse(left(values), isTrue, () => right(values))
        return values =>
          orElse(
            left(values),
            value => value !== null,
            () => right(values),
          )
      }
      case 'ConditionalExpression': {
        const [test, yes, no] = [inner(expression.test), inner(expression.consequent), inner(expression.alternate)]
        return values => (isTrue(test(values)) ? yes(values) : no(values))
      }
      case 'CallExpression':
        return call(expression, inner)
      case 'ParenthesizedExpression':
        return inner(expression.expression)
      default:
        return refuse(node, 'may have fields, numbers, texts, lists, operators, Math.… and .includes(…) only')
    }
  }

  const literal = (node: Extract<Expression, { type: 'Literal' }>): Compute => {
    const { value, raw = '' } = node
    if (value === undefined || (typeof value === 'object' && value !== null))
      return refuse(node, 'has no patterns; compare texts by === or .includes(…)')
    // An id beyond 2^53 would be rounded to another one.
    const exact: Value =
      typeof value === 'number' && /^\d+$/.test(raw) && !Number.isSafeInteger(value) ? BigInt(raw) : value
    return () => exact
  }

  const field = (node: Node, name: string): Compute => {
    if (known.has(name)) return values => values[name] ?? null
    if (Object.hasOwn(CONSTANTS, name)) return () => CONSTANTS[name] ?? null
    const meant = near(name, fields)
    const ask = meant.length > 0 ? `; did you mean ${meant.join(' or ')}?` : `; a notice has ${fields.join(', ')}`
    return refuse(node, `names ${name}, which no notice has${ask}`)
  }

  const call = (node: Extract<Expression, { type: 'CallExpression' }>, inner: (child: Node) => Compute): Compute => {
    const { callee } = node
    const args = node.arguments.map(inner)
    if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier')
      return refuse(node, 'may call Math.… and .includes(…) only')
    const { name } = callee.property
    if (callee.object.type === 'Identifier' && callee.object.name === 'Math') {
      const own = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
      if (own === undefined)
        return refuse(callee.property, `has no Math.${name}; there are ${Object.keys(FUNCTIONS).join(', ')}`)
      return values =>
        numeric(
          args.map(arg => arg(values)),
          own,
        )
    }
    if (name !== 'includes' && name !== 'startsWith') return refuse(callee.property, `has no .${name}(…)`)
    const [of, what] = [inner(callee.object), args[0] ?? refuse(node, `says nothing within .${name}(…)`)]
    return values => holds(name, of(values), what(values))
  }
  return compile
}

const isTrue = (value: Value): boolean => Boolean(value)
const orElse = (value: Value, isIt: (value: Value) => boolean, other: () => Value): Value =>
  isIt(value) ? value : other()

/** Null where one of them is. */
const numeric = (values: readonly Value[], of: (...numbers: number[]) => number): Value =>
  values.includes(null) ? null : of(...values.map(Number))

const isEqual = (a: Value, b: Value): boolean => {
  if (typeof a === 'bigint' && typeof b !== 'bigint') return isEqual(b, a)
  if (typeof b !== 'bigint') return a === b
  if (typeof a === 'number') return Number.isInteger(a) && BigInt(a) === b
  return typeof a === 'string' ? a === String(b) : a === b
}

const holds = (name: 'includes' | 'startsWith', of: Value, what: Value): boolean => {
  if (Array.isArray(of)) return name === 'includes' && of.some((item: Value) => isEqual(item, what))
  return of !== null && what !== null && String(of)[name](String(what))
}

const ordered =
  (of: (a: number | bigint | string | boolean, b: number | bigint | string | boolean) => boolean) =>
  (a: Value, b: Value): boolean =>
    a !== null && b !== null && typeof a !== 'object' && typeof b !== 'object' && of(a, b)

const UNARY: Readonly<Record<string, (value: Value) => Value>> = {
  '!': value => !isTrue(value),
  '-': value => (typeof value === 'bigint' ? -value : numeric([value], number => -number)),
  '+': value => (typeof value === 'bigint' ? value : numeric([value], number => number)),
}
const BINARY: Readonly<Record<string, (a: Value, b: Value) => Value>> = {
  '===': isEqual,
  '==': isEqual,
  '!==': (a, b) => !isEqual(a, b),
  '!=': (a, b) => !isEqual(a, b),
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '>': ordered((a, b) => a > b),
  '>=': ordered((a, b) => a >= b),
  '+': (a, b) => numeric([a, b], (x, y) => (x ?? 0) + (y ?? 0)),
  '-': (a, b) => numeric([a, b], (x, y) => (x ?? 0) - (y ?? 0)),
  '*': (a, b) => numeric([a, b], (x, y) => (x ?? 0) * (y ?? 0)),
  '/': (a, b) => numeric([a, b], (x, y) => (x ?? 0) / (y ?? 0)),
  '%': (a, b) => numeric([a, b], (x, y) => (x ?? 0) % (y ?? 0)),
  '**': (a, b) => numeric([a, b], (x, y) => (x ?? 0) ** (y ?? 0)),
}
