// The fields of a stream as the records they lie in.
import type { Field } from './columns-read.ts'

/** A record, the items of a list, or a value that has no fields. */
export interface FieldNode {
  /** As an author writes it: `alert.diaSource`, `alert.prvDiaSources[]`. */
  readonly where: string
  readonly kind: 'record' | 'list' | 'value'
  /** Of a record by name; of a list its items, by an empty name. */
  readonly members: ReadonlyMap<string, FieldNode>
  readonly isCutout: boolean
}

interface Growing extends FieldNode {
  kind: FieldNode['kind']
  readonly members: Map<string, Growing>
  isCutout: boolean
}

/** The alert itself. */
export function fieldTree(fields: readonly Field[]): FieldNode {
  const node = (where: string, kind: FieldNode['kind']): Growing => ({
    where,
    kind,
    members: new Map(),
    isCutout: false,
  })
  const grow = (parent: Growing, name: string, where: string, kind: FieldNode['kind']): Growing => {
    const known = parent.members.get(name) ?? node(where, kind)
    if (kind !== 'value') known.kind = kind
    parent.members.set(name, known)
    return known
  }
  const descend = (from: Growing, path: string, last: FieldNode['kind']): Growing => {
    const names = path.split('.')
    return names.reduce(
      (at, name, depth) => grow(at, name, `${at.where}.${name}`, depth === names.length - 1 ? last : 'record'),
      from,
    )
  }
  const root = node('alert', 'record')
  for (const { path, kind, list } of fields) {
    const within = list === undefined ? root : descend(root, list, 'list')
    const record = list === undefined ? root : grow(within, '', `${within.where}[]`, 'record')
    descend(record, path, kind === 'present' ? 'record' : 'value').isCutout = kind === 'binary'
  }
  return root
}
