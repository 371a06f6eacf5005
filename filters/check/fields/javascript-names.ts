// Which names a filter's source can reach fields by. A name has to stand in the source as a property or as text, unless the source builds names.
import type { AnyNode, Program } from 'acorn'
import { walkSyntaxTree } from '../parse/walk-syntax-tree.ts'

export interface NamesRead {
  readonly names: ReadonlySet<string>
  /** The source may reach fields by names that it builds (`alert.diaObject[band + '_psfFluxMean']`) or by enumeration (`for … in`). */
  readonly computed: boolean
}

/** Calls that make new text out of old. */
const BUILDS_TEXT = new Set(
  'concat join replace replaceAll slice substring substr split padStart padEnd repeat trim toLowerCase toUpperCase charAt at fromCharCode fromCodePoint raw normalize'.split(
    ' ',
  ),
)

/** Names and text of a JavaScript module; text is also split at dots, so that `'diaSource.psfFlux'` counts for both. */
export function javascriptNames(program: Program): NamesRead {
  const names = new Set<string>()
  const addText = (text: string): void => {
    names.add(text)
    for (const part of text.split('.')) names.add(part)
  }
  let keyed = false
  let enumerates = false
  let buildsText = false
  for (const { node } of walkSyntaxTree(program))
    switch (node.type) {
      case 'MemberExpression':
        if (!node.computed && node.property.type === 'Identifier') names.add(node.property.name)
        if (node.computed && !isNumeric(node.property)) keyed = true
        break
      case 'Property':
        if (!node.computed && node.key.type === 'Identifier') names.add(node.key.name)
        if (node.computed && !isNumeric(node.key)) keyed = true
        break
      case 'Literal':
        if (typeof node.value === 'string') addText(node.value)
        break
      case 'TemplateLiteral':
        for (const quasi of node.quasis) addText(quasi.value.cooked ?? '')
        if (node.expressions.length > 0) buildsText = true
        break
      case 'BinaryExpression':
        if (node.operator === '+' && (isText(node.left) || isText(node.right))) buildsText = true
        break
      case 'CallExpression':
        if (callsAny(node.callee, BUILDS_TEXT)) buildsText = true
        break
      case 'ForInStatement':
        enumerates = true
        break
      default:
    }
  return { names, computed: enumerates || (keyed && buildsText) }
}

const isText = (node: AnyNode): boolean =>
  (node.type === 'Literal' && typeof node.value === 'string') || node.type === 'TemplateLiteral'

const callsAny = (callee: AnyNode, methods: ReadonlySet<string>): boolean =>
  callee.type === 'MemberExpression' && callee.property.type === 'Identifier' && methods.has(callee.property.name)

/** Whether a key is certainly a number: an index, not a name. A sum is one where any of its terms is. */
function isNumeric(key: AnyNode): boolean {
  let node = key
  while (node.type === 'BinaryExpression' && node.operator === '+') {
    if (isNumeric(node.right)) return true
    node = node.left
  }
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'number'
    case 'UpdateExpression':
      return true
    case 'UnaryExpression':
      return ['-', '+', '~'].includes(node.operator)
    case 'BinaryExpression':
      return ['-', '*', '/', '%', '**', '|', '&', '^', '<<', '>>', '>>>'].includes(node.operator)
    case 'MemberExpression':
      return !node.computed && node.property.type === 'Identifier' && node.property.name === 'length'
    default:
      return false
  }
}
