// A filter's module: one ES module without imports that exports a synchronous function `filter` and, if it likes, `description`.
import { type AnyNode, type ExportNamedDeclaration, parse, type Program } from 'acorn'
import { simple } from 'acorn-walk'
import { type Problem, ProblemCode } from './problem.ts'

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
    program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true })
  } catch (error) {
    if (!(error instanceof SyntaxError) || !('loc' in error)) throw error
    const at = error.loc as { line: number; column: number }
    const message = error.message.replace(/ \(\d+:\d+\)$/, '')
    return { problems: [{ code: ProblemCode.syntax, message, line: at.line, column: at.column + 1 }] }
  }
  const problems = [...forbidden(program), ...missingFilter(program)]
  return problems.length > 0
    ? { problems }
    : { program, description: descriptionOf(program), warnings: lastingState(program) }
}

const at = (node: AnyNode): { line: number; column: number } => ({
  line: node.loc?.start.line ?? 1,
  column: (node.loc?.start.column ?? 0) + 1,
})

function forbidden(program: Program): Problem[] {
  const problems: Problem[] = []
  const imported = (node: AnyNode): void => {
    problems.push({ code: ProblemCode.forbiddenImport, message: NO_IMPORTS, ...at(node) })
  }
  simple(program, {
    ImportDeclaration: imported,
    ImportExpression: imported,
    ExportAllDeclaration: imported,
    ExportNamedDeclaration: node => node.source && imported(node),
    MetaProperty: node => node.meta.name === 'import' && imported(node),
  })
  for (const node of topLevelAwaits(program)) {
    const message = 'a filter answers at once; remove the await at the top of the module'
    problems.push({ code: ProblemCode.asynchronous, message, ...at(node) })
  }
  return problems
}

/** Awaits outside every function. */
function topLevelAwaits(program: Program): AnyNode[] {
  const inside: [number, number][] = []
  const awaits: AnyNode[] = []
  simple(program, {
    Function: node => void inside.push([node.start, node.end]),
    AwaitExpression: node => void awaits.push(node),
  })
  return awaits.filter(node => !inside.some(([start, end]) => start <= node.start && node.end <= end))
}

function missingFilter(program: Program): Problem[] {
  const found = program.body.flatMap(node => (node.type === 'ExportNamedDeclaration' ? exportsOf(node, program) : []))
  const filter = found.find(({ name }) => name === 'filter')
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

function exportsOf(node: ExportNamedDeclaration, program: Program): Exported[] {
  const { declaration } = node
  if (declaration) return declared(declaration)
  const local = program.body.flatMap(declared)
  return node.specifiers.map(({ exported, local: source }) => {
    const name = exported.type === 'Identifier' ? exported.name : String(exported.value)
    const from = source.type === 'Identifier' ? source.name : String(source.value)
    return { name, value: local.find(other => other.name === from)?.value }
  })
}

function declared(node: AnyNode): Exported[] {
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
    return node.id ? [{ name: node.id.name, value: node }] : []
  }
  if (node.type !== 'VariableDeclaration') return []
  return node.declarations.flatMap(({ id, init }) =>
    id.type === 'Identifier' ? [{ name: id.name, value: init ?? undefined }] : [],
  )
}

function descriptionOf(program: Program): string {
  for (const node of program.body) {
    if (node.type !== 'ExportNamedDeclaration') continue
    const value = exportsOf(node, program).find(({ name }) => name === 'description')?.value
    if (value?.type === 'Literal' && typeof value.value === 'string') return value.value.slice(0, 500)
    if (value?.type === 'TemplateLiteral' && value.expressions.length === 0) {
      return (value.quasis[0]?.value.cooked ?? '').slice(0, 500)
    }
  }
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
  simple(program, {
    AssignmentExpression: node => changed(node.left, node),
    UpdateExpression: node => changed(node.argument, node),
  })
  return [...warnings.values()]
}
