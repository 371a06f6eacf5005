// Every node of a parsed module, without recursion: how deep a source nests is its author's choice, and no reason for a stack to overflow.
import type { AnyNode, Program } from 'acorn'

/**
 * Levels a source may nest: far more than anybody writes, and few enough for everything that reads it later by recursion, such as V8 where
 * the filter runs, or the tool that erases types, which breaks at 650.
 */
export const MAX_DEPTH = 500

export interface Visited {
  readonly node: AnyNode
  /** Levels above it. A chain of operators, as in a sum, is one level however long it is. */
  readonly depth: number
  readonly isInFunction: boolean
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'StaticBlock',
])

/** Nodes in the order in which they begin, the module itself first. */
export function* walkSyntaxTree(program: Program): Generator<Visited> {
  const waiting: Visited[] = [{ node: program, depth: 0, isInFunction: false }]
  for (let visited = waiting.pop(); visited !== undefined; visited = waiting.pop()) {
    yield visited
    const { node, depth } = visited
    const isInFunction = visited.isInFunction || FUNCTIONS.has(node.type)
    const add = (child: unknown, isLeft: boolean): void => {
      if (!isNode(child)) return
      const isChain = isLeft && (child.type === 'BinaryExpression' || child.type === 'LogicalExpression')
      waiting.push({ node: child, depth: isChain ? depth : depth + 1, isInFunction })
    }
    // The last first: what waits is taken from its end.
    for (const [name, value] of Object.entries(node).toReversed()) {
      if (Array.isArray(value)) for (const item of value.toReversed()) add(item, false)
      else add(value, name === 'left')
    }
  }
}
