// Whether one schema reads what another wrote, by the rules of Avro's specification as Java's checker applies them. Pure. Each pair of types is compared
// once, so that the time grows with the schemas' sizes and not with what their names would unfold to.
import { type AvroNode, type EnumNode, type RecordNode, type UnionNode } from '../../avro/schema/node.ts'

type Kind = AvroNode['kind']

/** What a type is read as besides itself. */
const PROMOTED: Partial<Record<Kind, readonly Kind[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

/** Surveys put the version into the namespace, so names are compared without it. */
const bare = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

/** What a branch is found by. */
const keyOf = (node: AvroNode): string => ('name' in node ? `${node.kind} ${bare(node.name)}` : node.kind)
/** Characters of a union's branches in a message. */
const MAX_SHOWN = 200

/** Why `reader` cannot read what `writer` wrote; undefined where it can. */
export const whyUnreadable = (reader: AvroNode, writer: AvroNode): string | undefined =>
  new Comparison().why(reader, writer)

class Comparison {
  /** Pairs that were compared, and those that still are: a record inside itself is readable if everything else is. */
  readonly #known = new Map<AvroNode, Map<AvroNode, string | undefined>>()
  readonly #indexes = new Map<UnionNode, ReadonlyMap<string, readonly AvroNode[]>>()

  why(reader: AvroNode, writer: AvroNode): string | undefined {
    const known = this.#known.get(reader) ?? new Map<AvroNode, string | undefined>()
    this.#known.set(reader, known)
    if (known.has(writer)) return known.get(writer)
    known.set(writer, undefined)
    const why = this.#compare(reader, writer)
    known.set(writer, why)
    return why
  }

  #compare(reader: AvroNode, writer: AvroNode): string | undefined {
    if (writer.kind === 'union') return first(writer.branches, branch => this.why(reader, branch))
    if (reader.kind === 'union') return this.#anyOf(reader, writer)
    const mismatch = `cannot read ${keyOf(writer)} as ${keyOf(reader)}`
    if (reader.kind === 'record')
      return writer.kind === 'record' && isNamed(reader, writer) ? this.#fields(reader, writer) : mismatch
    if (reader.kind === 'array' && writer.kind === 'array') return this.why(reader.items, writer.items)
    if (reader.kind === 'map' && writer.kind === 'map') return this.why(reader.values, writer.values)
    if (reader.kind === 'enum')
      return writer.kind === 'enum' && bare(reader.name) === bare(writer.name) ? symbols(reader, writer) : mismatch
    if (reader.kind === 'fixed' && writer.kind === 'fixed')
      return reader.size === writer.size && bare(reader.name) === bare(writer.name) ? undefined : mismatch
    return reader.kind === writer.kind || PROMOTED[writer.kind]?.includes(reader.kind) === true ? undefined : mismatch
  }

  #anyOf(union: UnionNode, writer: AvroNode): string | undefined {
    const index = this.#indexOf(union)
    let near: string | undefined
    for (const key of [keyOf(writer), ...(PROMOTED[writer.kind] ?? [])])
      for (const branch of index.get(key) ?? []) {
        const why = this.why(branch, writer)
        if (why === undefined) return undefined
        near ??= why
      }
    return (
      near ??
      `no branch of the union [${union.branches.map(keyOf).join(', ').slice(0, MAX_SHOWN)}] reads ${keyOf(writer)}`
    )
  }

  /** The branches by what they may read, so that two unions of many types are not compared each with each. */
  #indexOf(union: UnionNode): ReadonlyMap<string, readonly AvroNode[]> {
    const known = this.#indexes.get(union)
    if (known !== undefined) return known
    const index = new Map<string, AvroNode[]>()
    for (const branch of union.branches) {
      const aliases = branch.kind === 'record' ? branch.aliases.map(alias => `record ${alias}`) : []
      for (const key of [keyOf(branch), ...aliases]) index.set(key, [...(index.get(key) ?? []), branch])
    }
    this.#indexes.set(union, index)
    return index
  }

  #fields(reader: RecordNode, writer: RecordNode): string | undefined {
    const written = new Map(writer.fields.map(field => [field.name, field]))
    return first(reader.fields, ({ name, aliases, node, hasDefault }) => {
      const theirs = [name, ...aliases].map(known => written.get(known)).find(field => field !== undefined)
      const where = `${bare(reader.name)}.${name}`
      if (theirs === undefined) return hasDefault ? undefined : `no matching field for ${where}, which has no default`
      const why = this.why(node, theirs.node)
      return why === undefined ? undefined : `${where}: ${why}`
    })
  }
}

const isNamed = (reader: RecordNode, writer: RecordNode): boolean =>
  bare(reader.name) === bare(writer.name) || reader.aliases.includes(bare(writer.name))

const symbols = (reader: EnumNode, writer: EnumNode): string | undefined => {
  const known = new Set(reader.symbols)
  const lost = writer.symbols.find(symbol => !known.has(symbol))
  return lost === undefined || reader.default !== undefined
    ? undefined
    : `the enum ${bare(reader.name)} lacks the symbol ${lost}`
}

/** The first reason there is. */
const first = <T>(values: readonly T[], why: (value: T) => string | undefined): string | undefined => {
  for (const value of values) {
    const reason = why(value)
    if (reason !== undefined) return reason
  }
  return undefined
}
