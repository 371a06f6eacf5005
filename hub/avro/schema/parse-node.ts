// Avro's JSON to a tree of nodes: the one parser of registry, workers and archive, so that what is registered can be read. It takes what Confluent's
// registry takes and the limits of schema-limits.ts allow, in time that grows with the text and not with what its names would unfold to.
import { HubError } from '../../errors.ts'
import { isValueOf } from './default-value.ts'
import {
  type AvroNode,
  type EnumNode,
  type Fixed,
  type Primitive,
  PRIMITIVES,
  type RecordField,
  type RecordNode,
} from './node.ts'
import {
  isTooDeep,
  MAX_BRANCHES,
  MAX_DEPTH,
  MAX_EMPTY_FIELDS,
  MAX_FIELDS,
  MAX_FIXED_BYTES,
  MAX_NAME_CHARS,
  MAX_SCHEMA_CHARS,
  MAX_SYMBOLS,
} from './schema-limits.ts'

type Json = Readonly<Record<string, unknown>>

const primitives: ReadonlyMap<string, Primitive> = new Map(PRIMITIVES.map(kind => [kind, { kind }]))
const NAME = /^[A-Za-z_]\w*$/
/** Names that JavaScript's objects have without being given them: no decoder here keeps symbols of these apart, nor a field of the last. */
const TAKEN = new Set(Object.getOwnPropertyNames(Object.prototype))
const PROTO = '__proto__'
/** Java does not look at namespaces: surveys have had dashes in them. */
const NAMESPACE = /^[^\p{C}\p{Z}"\\]*$/u
const ORDERS: ReadonlySet<unknown> = new Set(['ascending', 'descending', 'ignore'])

const fail = (what: string): never => {
  throw new HubError('HUB_SCHEMA_INVALID', what)
}
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, MAX_NAME_CHARS)

/** Splits at the last dot; a name without one is in the namespace given or around it. */
const nameIn = (json: Json, around: string): { readonly full: string; readonly space: string } => {
  const { name, namespace } = json
  if (typeof name !== 'string') return fail(`A ${shown(json['type'])} has no name`)
  const dot = name.lastIndexOf('.')
  const own = name.slice(dot + 1)
  const space = dot >= 0 ? name.slice(0, dot) : typeof namespace === 'string' ? namespace : around
  if (!NAME.test(own) || !NAMESPACE.test(space) || name.length + space.length > MAX_NAME_CHARS)
    fail(`Illegal name ${shown(name)}: names have letters, digits and underscores, and begin with no digit`)
  const full = space === '' ? own : `${space}.${own}`
  if (primitives.has(own)) fail(`The name ${full} is Avro's own`)
  return { full, space }
}

/** Types in each other below a node, whether its values take no bytes, and what it holds of fields that take none. */
interface Measure {
  readonly depth: number
  readonly isEmpty: boolean
  readonly empty: number
}
/** Of primitives, and of records that are still being read. */
const PLAIN: Measure = { depth: 0, isEmpty: false, empty: 0 }

class Parser {
  readonly #names = new Map<string, AvroNode>()
  readonly #measures = new Map<AvroNode, Measure>()
  readonly #open: RecordNode[] = []
  #fields = 0
  #symbols = 0
  /** Whether what readers have no use for has to be right, too: asked of what is new, not of what was registered elsewhere. */
  isNew = false

  node(json: unknown, space: string): AvroNode {
    if (typeof json === 'string') return primitives.get(json) ?? this.#named(json, space)
    if (Array.isArray(json)) return this.#union(json, space)
    if (!isObject(json)) return fail(`${shown(json)} is no type`)
    const { type } = json
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(json, space)
      case 'enum':
        return this.#enum(json, space)
      case 'fixed':
        return this.#fixed(json, space)
      case 'array':
        if (!('items' in json)) fail('An array has no items')
        return this.#measured({ kind: 'array', items: this.node(json['items'], space) })
      case 'map':
        if (!('values' in json)) fail('A map has no values')
        return this.#measured({ kind: 'map', values: this.node(json['values'], space) })
      case undefined:
        return fail(`${shown(json)} has no type`)
      default:
        // A primitive with a logical type or other properties, or the name of a type that was defined before.
        return this.node(type, space)
    }
  }

  #named(name: string, space: string): AvroNode {
    const found =
      this.#names.get(name.includes('.') || space === '' ? name : `${space}.${name}`) ?? this.#names.get(name)
    if (!found) return fail(`${shown(name)} is no type: no record, enum or fixed of this name is defined before it`)
    const from = found.kind === 'record' ? this.#open.indexOf(found) : -1
    if (from >= 0) for (const record of this.#open.slice(from)) record.recursive = true
    return found
  }

  #aliasesIn({ aliases = [] }: Json, of: string): string[] {
    if (Array.isArray(aliases) && aliases.every(alias => typeof alias === 'string')) return aliases
    return this.isNew ? fail(`The aliases of ${of} are not a list of names`) : []
  }

  #define<T extends AvroNode>(name: string, node: T): T {
    if (this.#names.has(name)) fail(`Can't redefine: ${name}`)
    this.#names.set(name, node)
    return node
  }

  #union(json: readonly unknown[], space: string): AvroNode {
    if (json.length === 0) fail('A union has no branches')
    if (json.length > MAX_BRANCHES) fail(`A union has ${json.length} branches; ${MAX_BRANCHES} are read`)
    const seen = new Set<string>()
    const branches = json.map(branch => {
      const node = this.node(branch, space)
      const name = 'name' in node ? node.name : node.kind
      if (node.kind === 'union') fail('A union is a branch of another')
      if (seen.has(name)) fail(`Duplicate in union: ${name}`)
      seen.add(name)
      return node
    })
    return this.#measured({ kind: 'union', branches })
  }

  #fixed(json: Json, around: string): Fixed {
    const { full } = nameIn(json, around)
    const size = Number.isInteger(json['size']) ? Number(json['size']) : -1
    if (size < 0 || size > MAX_FIXED_BYTES) fail(`The fixed ${full} has no size from 0 to ${MAX_FIXED_BYTES}`)
    return this.#define(full, { kind: 'fixed', name: full, size })
  }

  #enum(json: Json, around: string): EnumNode {
    const { full } = nameIn(json, around)
    const { symbols, default: preset } = json
    if (!Array.isArray(symbols) || symbols.length === 0) return fail(`The enum ${full} has no symbols`)
    this.#symbols += symbols.length
    if (this.#symbols > MAX_SYMBOLS) fail(`The enums have more than ${MAX_SYMBOLS} symbols`)
    const known = new Set<string>()
    for (const symbol of symbols) {
      if (typeof symbol !== 'string' || !NAME.test(symbol) || symbol.length > MAX_NAME_CHARS)
        return fail(`The enum ${full} has the symbol ${shown(symbol)}, which is no name`)
      if (TAKEN.has(symbol)) fail(`The enum ${full} has the symbol ${symbol}, which this system cannot read`)
      if (known.has(symbol)) fail(`The enum ${full} has the symbol ${symbol} twice`)
      known.add(symbol)
    }
    if (this.isNew && preset !== undefined && !(typeof preset === 'string' && known.has(preset)))
      fail(`The default of the enum ${full} is none of its symbols`)
    return this.#define(full, {
      kind: 'enum',
      name: full,
      symbols: [...known],
      default: typeof preset === 'string' ? preset : undefined,
    })
  }

  #record(json: Json, around: string): RecordNode {
    const { full, space } = nameIn(json, around)
    if (!Array.isArray(json['fields'])) return fail(`The record ${full} has no fields`)
    this.#fields += json['fields'].length
    if (this.#fields > MAX_FIELDS) fail(`The records have more than ${MAX_FIELDS} fields`)
    const fields: RecordField[] = []
    const aliases = this.#aliasesIn(json, full).map(alias => alias.slice(alias.lastIndexOf('.') + 1))
    const record = this.#define<RecordNode>(full, { kind: 'record', name: full, aliases, fields, recursive: false })
    this.#open.push(record)
    const known = new Set<string>()
    for (const field of json['fields']) {
      const read = this.#field(field, full, space)
      if (known.has(read.name)) fail(`The record ${full} has the field ${read.name} twice`)
      known.add(read.name)
      fields.push(read)
    }
    this.#open.pop()
    return this.#measured(record)
  }

  #field(json: unknown, record: string, space: string): RecordField {
    if (!isObject(json)) return fail(`A field of ${record} is ${shown(json)}`)
    const { name, type, order = 'ascending' } = json
    if (typeof name !== 'string' || !NAME.test(name) || name.length > MAX_NAME_CHARS)
      return fail(`The record ${record} has a field with the illegal name ${shown(name)}`)
    if (name === PROTO) fail(`The record ${record} has a field called ${name}, which this system cannot read`)
    if (type === undefined) fail(`The field ${name} of ${record} has no type`)
    if (this.isNew && !ORDERS.has(order)) fail(`The field ${name} of ${record} has the order ${shown(order)}`)
    const node = this.node(type, space)
    const hasDefault = Object.hasOwn(json, 'default')
    if (this.isNew && hasDefault && !isValueOf(node, json['default']))
      fail(`The default of ${record}.${name}, ${shown(json['default'])}, is no value of its type`)
    return { name, node, aliases: this.#aliasesIn(json, `${record}.${name}`), hasDefault }
  }

  /** Adds up what lies in a node, once for each, and refuses what nobody could read. */
  #measured<T extends AvroNode>(node: T): T {
    const inner = this.#innerOf(node).map(each => this.#measureOf(each))
    const depth = 1 + Math.max(0, ...inner.map(measure => measure.depth))
    if (depth > MAX_DEPTH) fail(`Types are in each other more than ${MAX_DEPTH} times`)
    const isRecord = node.kind === 'record'
    const empty = isRecord ? inner.reduce((sum, each) => sum + each.empty + (each.isEmpty ? 1 : 0), 0) : 0
    if (empty > MAX_EMPTY_FIELDS) fail(`A record has more than ${MAX_EMPTY_FIELDS} fields that take no bytes`)
    this.#measures.set(node, { depth, isEmpty: isRecord && inner.every(each => each.isEmpty), empty })
    return node
  }

  #measureOf(node: AvroNode): Measure {
    const isEmpty = node.kind === 'null' || (node.kind === 'fixed' && node.size === 0)
    return isEmpty ? { ...PLAIN, isEmpty } : (this.#measures.get(node) ?? PLAIN)
  }

  #innerOf(node: AvroNode): readonly AvroNode[] {
    if (node.kind === 'record') return node.fields.map(field => field.node)
    if (node.kind === 'union') return node.branches
    return node.kind === 'array' ? [node.items] : node.kind === 'map' ? [node.values] : []
  }
}

/**
 * The type of a text; `references` are the texts of other schemas whose names it uses, each after those it needs itself. What is new is refused for
 * wrong defaults, orders and aliases, too. Throws HubError HUB_SCHEMA_INVALID.
 */
export const parseNode = (text: string, references: readonly string[] = [], isNew = false): AvroNode => {
  const parser = new Parser()
  const read = (json: string): AvroNode => {
    if (json.length > MAX_SCHEMA_CHARS) fail(`It has ${json.length} characters; ${MAX_SCHEMA_CHARS} are read`)
    if (isTooDeep(json)) fail('It is nested too deep')
    return parser.node(jsonIn(json), '')
  }
  for (const reference of references) read(reference)
  parser.isNew = isNew
  return read(text)
}

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HubError(
      'HUB_SCHEMA_INVALID',
      `It is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    )
  }
}
