// In: JavaScript (types are erased before, by `strip-types.ts`). Out: its syntax tree, description and warnings, or the problems with their places. A filter is
// one ES module without imports that exports a synchronous function `filter` and, if it likes, `description`.
import type { AnyNode, ExportNamedDeclaration, Program } from 'acorn'
import { isTooDeep, parseWithinDepth, tooDeep } from './nesting-limit.ts'
import { namesIn } from './javascript-bindings.ts'
import { MAX_PROBLEMS, type Problem, ProblemCode } from './problem.ts'
import { MAX_DEPTH, walkSyntaxTree } from './walk-syntax-tree.ts'

export interface ParsedModule {
  readonly program: Program
  readonly description: string
  readonly warnings: readonly Problem[]
}

const NO_IMPORTS = 'a filter is one module without imports; put what it needs into this file'

/** Parses JavaScript; either all problems that are certain, or the module. */
export function parseModule(code: string): ParsedModule | { readonly problems: readonly Problem[] } {
  let program: Program
  try {
    program = parseWithinDepth(code)
  } catch (error) {
    if (!(error instanceof SyntaxError) || !('loc' in error)) throw error
    const place = error.loc as { line: number; column: number }
    if (isTooDeep(error)) return { problems: [tooDeep(place.line, place.column + 1)] }
    const message = error.message.replace(/ \(\d+:\d+\)$/, '')
    return { problems: [{ code: ProblemCode.syntax, message, line: place.line, column: place.column + 1 }] }
  }
  for (const { node, depth } of walkSyntaxTree(program)) {
    if (depth <= MAX_DEPTH) continue
    const { line, column } = at(node)
    return { problems: [tooDeep(line, column)] }
  }
  const declarations = declarationsOf(program)
  const exported = program.body.flatMap(node =>
    node.type === 'ExportNamedDeclaration' ? exportsOf(node, declarations) : [],
  )
  const problems = [...forbidden(program), ...missingFilter(program, exported)].slice(0, MAX_PROBLEMS)
  return problems.length > 0
    ? { problems }
    : { program, description: descriptionOf(exported), warnings: lastingState(program) }
}

const at = (node: AnyNode): { line: number; column: number } => ({
  line: node.loc?.start.line ?? 1,
  column: (node.loc?.start.column ?? 0) + 1,
})

const NO_AWAIT = 'a filter answers at once; remove the await at the top of the module'

function forbidden(program: Program): Problem[] {
  const problems: Problem[] = []
  const refuse = (node: AnyNode, code: ProblemCode, message: string): void => {
    problems.push({ code, message, ...at(node) })
  }
  for (const { node, isInFunction } of walkSyntaxTree(program)) {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ImportExpression':
      case 'ExportAllDeclaration':
        refuse(node, ProblemCode.forbiddenImport, NO_IMPORTS)
        break
      case 'ExportNamedDeclaration':
        if (node.source) refuse(node, ProblemCode.forbiddenImport, NO_IMPORTS)
        break
      case 'MetaProperty':
        if (node.meta.name === 'import') refuse(node, ProblemCode.forbiddenImport, NO_IMPORTS)
        break
      case 'AwaitExpression':
        if (!isInFunction) refuse(node, ProblemCode.asynchronous, NO_AWAIT)
        break
      case 'ForOfStatement':
        if (node.await && !isInFunction) refuse(node, ProblemCode.asynchronous, NO_AWAIT)
        break
      default:
    }
    if (problems.length >= MAX_PROBLEMS) break
  }
  return problems
}

function missingFilter(program: Program, exported: readonly Exported[]): Problem[] {
  const filter = exported.find(({ name }) => name === 'filter')
  if (filter === undefined) {
    const byDefault = program.body.some(node => node.type === 'ExportDefaultDeclaration')
    const hint = byDefault ? 'it has a default export; name it instead' : 'add one'
    const message = `the module exports no function called filter (${hint}): export function filter(alert) { … }`
    return [{ code: ProblemCode.noFilter, message, line: 1, column: 1 }]
  }
  const { value } = filter
  if (value !== undefined && 'async' in value && (value.async || value.generator)) {
    const message =
      'filter must be a plain function: its verdict is needed at once, so async and generators are refused'
    return [{ code: ProblemCode.asynchronous, message, ...at(value) }]
  }
  if (
    value !== undefined &&
    ['Literal', 'ObjectExpression', 'ArrayExpression', 'TemplateLiteral'].includes(value.type)
  ) {
    return [{ code: ProblemCode.noFilter, message: 'filter must be a function', ...at(value) }]
  }
  return []
}

interface Exported {
  readonly name: string
  /** The node that gives its value, where it is written down. */
  readonly value: AnyNode | undefined
}

/** What the module's own top level declares; the first of a name counts. */
function declarationsOf(program: Program): ReadonlyMap<string, Exported> {
  const all = new Map<string, Exported>()
  for (const one of program.body.flatMap(declared)) if (!all.has(one.name)) all.set(one.name, one)
  return all
}

function exportsOf(
  { declaration, specifiers }: ExportNamedDeclaration,
  declarations: ReadonlyMap<string, Exported>,
): Exported[] {
  if (declaration) return declared(declaration)
  return specifiers.map(({ exported, local }) => {
    const name = exported.type === 'Identifier' ? exported.name : String(exported.value)
    const from = local.type === 'Identifier' ? local.name : String(local.value)
    return { name, value: declarations.get(from)?.value }
  })
}

function declared(node: AnyNode): Exported[] {
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
    return node.id ? [{ name: node.id.name, value: node }] : []
  }
  if (node.type !== 'VariableDeclaration') return []
  // What a pattern takes out of another value is known when the module runs.
  return node.declarations.flatMap(({ id, init }) =>
    id.type === 'Identifier'
      ? [{ name: id.name, value: init ?? undefined }]
      : namesIn(id).map(name => ({ name, value: undefined })),
  )
}

function descriptionOf(exported: readonly Exported[]): string {
  const value = exported.find(({ name }) => name === 'description')?.value
  if (value?.type === 'Literal' && typeof value.value === 'string') return value.value.slice(0, 500)
  if (value?.type === 'TemplateLiteral' && value.expressions.length === 0)
    return (value.quasis[0]?.value.cooked ?? '').slice(0, 500)
  return ''
}

/** Variables of the module that something assigns again: a filter may be reloaded before any batch, and they begin anew. */
function lastingState(program: Program): Problem[] {
  const names = new Set(
    program.body
      .map(node => (node.type === 'ExportNamedDeclaration' ? (node.declaration ?? node) : node))
      .flatMap(node => (node.type === 'VariableDeclaration' && node.kind !== 'const' ? declared(node) : []))
      .map(({ name }) => name),
  )
  const warnings = new Map<string, Problem>()
  const changed = (target: AnyNode, node: AnyNode): void => {
    if (target.type !== 'Identifier' || !names.has(target.name)) return
    const message = `verdicts must not depend on ${target.name}: a variable of the module begins anew whenever the filter is reloaded`
    warnings.set(target.name, { code: ProblemCode.unsupported, message, ...at(node) })
  }
  for (const { node } of walkSyntaxTree(program)) {
    if (node.type === 'AssignmentExpression') changed(node.left, node)
    if (node.type === 'UpdateExpression') changed(node.argument, node)
    if (warnings.size >= MAX_PROBLEMS) break
  }
  return [...warnings.values()]
}
