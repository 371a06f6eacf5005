// A tree of nodes as Avro's JSON again: without documentation, defaults, aliases and logical types, in one fixed order.
import { type AvroNode } from './node.ts'

/** Each named type is written out where it is first named. `nameOf` says how names are written. */
export const jsonOf = (root: AvroNode, nameOf: (name: string) => string = name => name): unknown => {
  const written = new Set<AvroNode>()
  /** A name without a namespace says so where the record around it has one. */
  const named = (name: string, around: string): object =>
    around === '' || name.includes('.') ? { name: nameOf(name) } : { name: nameOf(name), namespace: '' }
  const write = (node: AvroNode, around: string): unknown => {
    if (!('name' in node)) {
      if (node.kind === 'union') return node.branches.map(branch => write(branch, around))
      if (node.kind === 'array') return { type: 'array', items: write(node.items, around) }
      return node.kind === 'map' ? { type: 'map', values: write(node.values, around) } : node.kind
    }
    if (written.has(node)) return nameOf(node.name)
    written.add(node)
    const head = { ...named(node.name, around), type: node.kind }
    if (node.kind === 'enum') return { ...head, symbols: node.symbols }
    if (node.kind === 'fixed') return { ...head, size: node.size }
    const space = node.name.slice(0, Math.max(0, node.name.lastIndexOf('.')))
    return { ...head, fields: node.fields.map(field => ({ name: field.name, type: write(field.node, space) })) }
  }
  return write(root, '')
}
