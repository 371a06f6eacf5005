// Which variables of a module mean one thing wherever they stand, and which function is its filter.
import type { AnyNode, Function as FunctionNode, Pattern, Program } from 'acorn'
import { walkSyntaxTree } from './walk-syntax-tree.ts'

/** Names of a pattern, in order. Patterns nest no deeper than sources may. */
export function namesIn(pattern: Pattern | null | undefined): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name]
    case 'AssignmentPattern':
      return namesIn(pattern.left)
    case 'RestElement':
      return namesIn(pattern.argument)
    case 'ArrayPattern':
      return pattern.elements.flatMap(namesIn)
    case 'ObjectPattern':
      return pattern.properties.flatMap(property =>
        namesIn(property.type === 'Property' ? property.value : property.argument),
      )
    default:
      return []
  }
}

/** Names that are declared once in the whole module, as whatever, and never assigned again. */
export function boundOnce(program: Program): ReadonlySet<string> {
  const times = new Map<string, number>()
  const count = (names: readonly string[], by = 1): void => {
    for (const name of names) times.set(name, (times.get(name) ?? 0) + by)
  }
  const ASSIGNED = 2
  for (const { node } of walkSyntaxTree(program)) {
    if (node.type === 'VariableDeclarator') count(namesIn(node.id))
    else if (node.type === 'CatchClause') count(namesIn(node.param))
    else if (node.type === 'AssignmentExpression') count(namesIn(node.left), ASSIGNED)
    else if (node.type === 'UpdateExpression' && node.argument.type === 'Identifier')
      count([node.argument.name], ASSIGNED)
    else if (
      (node.type === 'ForOfStatement' || node.type === 'ForInStatement') &&
      node.left.type !== 'VariableDeclaration'
    )
      count(namesIn(node.left), ASSIGNED)
    else if ('params' in node) count(node.params.flatMap(namesIn))
    if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id) count([node.id.name])
  }
  return new Set([...times].flatMap(([name, declared]) => (declared === 1 ? [name] : [])))
}

const functionOf = (node: AnyNode | null | undefined): FunctionNode | undefined =>
  node && 'params' in node && (node.type === 'FunctionDeclaration' || node.type.endsWith('FunctionExpression'))
    ? node
    : undefined

/** The function that a module exports as its filter, where that is plain to see. */
export function filterOf(program: Program): FunctionNode | undefined {
  const declared = new Map<string, FunctionNode>()
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type === 'FunctionDeclaration' && declaration.id) declared.set(declaration.id.name, declaration)
    else if (declaration?.type === 'VariableDeclaration')
      for (const { id, init } of declaration.declarations) {
        const made = functionOf(init)
        if (id.type === 'Identifier' && made !== undefined) declared.set(id.name, made)
      }
  }
  for (const statement of program.body) {
    if (statement.type === 'ExportDefaultDeclaration')
      return statement.declaration.type === 'Identifier'
        ? declared.get(statement.declaration.name)
        : functionOf(statement.declaration)
    if (statement.type !== 'ExportNamedDeclaration') continue
    for (const { local, exported } of statement.specifiers)
      if (exported.type === 'Identifier' && exported.name === 'filter' && local.type === 'Identifier')
        return declared.get(local.name)
  }
  return declared.get('filter')
}
