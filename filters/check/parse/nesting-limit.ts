// Limits of nesting while a source is parsed: found where they are exceeded, with the place, before anything overflows a stack.
import { type Node, Parser, type Program } from 'acorn'
import { type Problem, ProblemCode } from './problem.ts'
import { MAX_DEPTH } from './walk-syntax-tree.ts'

export const tooDeep = (line: number, column: number): Problem => ({
  code: ProblemCode.depth,
  message: `the source nests deeper than ${MAX_DEPTH} levels here; break the expression up, or use a loop`,
  line,
  column,
})

/** A level of nesting takes several of the parser's own. */
const MAX_CALLS = 4 * MAX_DEPTH

const TOO_DEEP = 'Too deep'
export const isTooDeep = ({ message }: SyntaxError): boolean =>
  message.startsWith(TOO_DEEP) || message.startsWith('Not enough stack space')

/** The names of a scope: acorn searches its plain lists from the front for each declaration, which is quadratic. */
class NameList extends Array<string> {
  readonly #known = new Set<string>()

  override push(...names: string[]): number {
    for (const name of names) this.#known.add(name)
    return super.push(...names)
  }

  override indexOf(name: string): number {
    return this.#known.has(name) ? 0 : -1
  }
}

interface Scope {
  var: string[]
  lexical: string[]
  functions: string[]
}

/** What acorn's parser has and its types do not name. */
interface Inner {
  readonly start: number
  raise(position: number, message: string): never
  currentScope(): Scope
  enterScope(flags: number): void
  parseStatement(...rest: unknown[]): Node
  parseMaybeAssign(...rest: unknown[]): Node
  parseMaybeUnary(...rest: unknown[]): Node
  parseExprAtom(...rest: unknown[]): Node
  parseBindingAtom(...rest: unknown[]): Node
}

const limitDepth = (Base: typeof Parser): typeof Parser => {
  const inner = Base as unknown as new (...rest: unknown[]) => Inner
  class DepthLimited extends inner {
    #calls = 0

    #nested(parse: () => Node): Node {
      if (++this.#calls > MAX_CALLS) this.raise(this.start, TOO_DEEP)
      const node = parse()
      this.#calls--
      return node
    }

    override enterScope(flags: number): void {
      super.enterScope(flags)
      const scope = this.currentScope()
      scope.var = new NameList()
      scope.lexical = new NameList()
      scope.functions = new NameList()
    }

    override parseStatement(...rest: unknown[]): Node {
      return this.#nested(() => super.parseStatement(...rest))
    }

    override parseMaybeAssign(...rest: unknown[]): Node {
      return this.#nested(() => super.parseMaybeAssign(...rest))
    }

    override parseMaybeUnary(...rest: unknown[]): Node {
      return this.#nested(() => super.parseMaybeUnary(...rest))
    }

    override parseExprAtom(...rest: unknown[]): Node {
      return this.#nested(() => super.parseExprAtom(...rest))
    }

    override parseBindingAtom(...rest: unknown[]): Node {
      return this.#nested(() => super.parseBindingAtom(...rest))
    }
  }
  return DepthLimited as unknown as typeof Parser
}

const DepthLimitedParser = Parser.extend(limitDepth)

/** Parses a module. Throws acorn's SyntaxError with `loc`; one that `isTooDeep` says so of its nesting. */
export const parseWithinDepth = (code: string): Program =>
  DepthLimitedParser.parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true })

/**
 * Where brackets nest deeper than allowed, or undefined: asked before types are erased, which no depth of nesting survives. Text and comments are
 * left out; what cannot be told without parsing, as `/` may begin a pattern, is read as code.
 */
export function findDeepBracket(source: string): { readonly line: number; readonly column: number } | undefined {
  const text =
    /\/\/[^\n]*|\/\*[^*]*(?:\*(?!\/)[^*]*)*(?:\*\/)?|'(?:[^'\\\n]|\\[^])*'?|"(?:[^"\\\n]|\\[^])*"?|[([{\])}]/gu
  let depth = 0
  let line = 1
  let lineStart = 0
  let counted = 0
  for (const { 0: token, index } of source.matchAll(text)) {
    if (token === '(' || token === '[' || token === '{') depth++
    else if (token === ')' || token === ']' || token === '}') depth = Math.max(0, depth - 1)
    if (depth <= MAX_DEPTH) continue
    for (let end = source.indexOf('\n', counted); end !== -1 && end < index; end = source.indexOf('\n', counted)) {
      line++
      lineStart = end + 1
      counted = end + 1
    }
    return { line, column: index - lineStart + 1 }
  }
  return undefined
}
