// Names that plainly hang on the alert or its records, and that no schema of the stream has: they read as null, which its author hardly meant. What is not
// certain from the text is not said.
import type { AnyNode, Function as FunctionNode, Pattern, Program } from 'acorn'
import type { Field } from './columns-read.ts'
import { type FieldNode, fieldTree } from './field-tree.ts'
import { nearNames } from './near-names.ts'
import { type Problem, ProblemCode } from '../parse/problem.ts'
import { boundOnce, filterOf } from '../parse/javascript-bindings.ts'
import { walkSyntaxTree } from '../parse/walk-syntax-tree.ts'

const MAX_WARNINGS = 20
/** Calls on a list whose callback gets an item first; of `reduce` second. */
const EACH = new Set(
  'map filter some every find findIndex findLast findLastIndex forEach flatMap sort toSorted'.split(' '),
)
const GIVES_ITEM = new Set('at find findLast pop shift'.split(' '))
const GIVES_LIST = new Set('filter slice sort toSorted reverse toReversed concat'.split(' '))

export interface KnownFields {
  readonly fields: readonly Field[]
  readonly cutouts: boolean
}

/** A warning for each place, in the order of the source. */
export function unknownJavascriptFields(program: Program, { fields, cutouts }: KnownFields): Problem[] {
  const filter = filterOf(program)
  if (fields.length === 0 || filter === undefined) return []
  const certain = boundOnce(program)
  const bound = new Map<string, FieldNode>()
  const resolved = new Map<AnyNode, FieldNode | undefined>()
  const warnings: Problem[] = []

  const warn = (node: AnyNode, message: string): void => {
    if (warnings.length >= MAX_WARNINGS) return
    const { line = 1, column = 0 } = node.loc?.start ?? {}
    warnings.push({ code: ProblemCode.unknownField, message, line, column: column + 1 })
  }
  /** The member of a record, with a warning where there is none. */
  const member = (record: FieldNode, name: string, node: AnyNode): FieldNode | undefined => {
    const found = record.members.get(name)
    if (found?.isCutout === true && !cutouts)
      warn(node, `${record.where}.${name} is null: the filter does not ask for cutouts`)
    if (found !== undefined || name in Object.prototype || name === 'toJSON') return found
    const near = nearNames(name, record.members.keys())
    const meant = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''
    warn(node, `no packet of this stream has ${name} in ${record.where}, so it is null${meant}`)
    return undefined
  }
  const resolve = (node: AnyNode): FieldNode | undefined => {
    if (!resolved.has(node)) resolved.set(node, look(node))
    return resolved.get(node)
  }
  const look = (node: AnyNode): FieldNode | undefined => {
    switch (node.type) {
      case 'Identifier':
        return bound.get(node.name)
      case 'ChainExpression':
        return resolve(node.expression)
      case 'LogicalExpression':
        return node.operator === '&&' ? undefined : resolve(node.left)
      case 'MemberExpression': {
        const object = resolve(node.object)
        if (object?.kind === 'list') return node.computed ? object.members.get('') : undefined
        const name = nameOf(node.property, node.computed)
        return object?.kind === 'record' && name !== undefined ? member(object, name, node.property) : undefined
      }
      case 'CallExpression': {
        const { callee } = node
        if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier')
          return undefined
        const list = resolve(callee.object)
        if (list?.kind !== 'list') return undefined
        if (GIVES_ITEM.has(callee.property.name)) return list.members.get('')
        return GIVES_LIST.has(callee.property.name) ? list : undefined
      }
      default:
        return undefined
    }
  }
  const bind = (pattern: Pattern | undefined, value: FieldNode | undefined): void => {
    if (pattern === undefined || value === undefined) return
    if (pattern.type === 'AssignmentPattern') bind(pattern.left, value)
    else if (pattern.type === 'Identifier') {
      if (certain.has(pattern.name)) bound.set(pattern.name, value)
    } else if (pattern.type === 'ObjectPattern' && value.kind === 'record')
      for (const property of pattern.properties) {
        if (property.type !== 'Property') continue
        const name = nameOf(property.key, property.computed)
        if (name !== undefined) bind(property.value, member(value, name, property.key))
      }
    else if (pattern.type === 'ArrayPattern' && value.kind === 'list')
      for (const element of pattern.elements)
        if (element?.type !== 'RestElement') bind(element ?? undefined, value.members.get(''))
  }
  const callbacks = (callee: AnyNode, given: AnyNode | undefined): void => {
    if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier' || !isFunction(given)) return
    const list = resolve(callee.object)
    if (list?.kind !== 'list') return
    const item = list.members.get('')
    const { name } = callee.property
    if (EACH.has(name)) bind(given.params[0], item)
    if (name === 'sort' || name === 'toSorted' || name === 'reduce') bind(given.params[1], item)
  }

  bind(filter.params[0], fieldTree(fields))
  for (const { node } of walkSyntaxTree(program)) {
    if (node.type === 'VariableDeclarator' && node.init) bind(node.id, resolve(node.init))
    else if (node.type === 'ForOfStatement' && node.left.type === 'VariableDeclaration')
      bind(node.left.declarations[0]?.id, resolve(node.right)?.members.get(''))
    else if (node.type === 'CallExpression') callbacks(node.callee, node.arguments[0])
    if (node.type === 'MemberExpression') resolve(node)
  }
  return warnings
}

const isFunction = (node: AnyNode | undefined): node is FunctionNode & AnyNode =>
  node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression'

function nameOf(key: AnyNode, computed: boolean): string | undefined {
  if (!computed && key.type === 'Identifier') return key.name
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined
}
