// Writer schemas: JSON text in, a tree of nodes (node.ts) out; the first file of this room to read. avsc's type of a schema is made when it is asked for:
// ../decode/ uses it, the cursor does not.
import avsc, { type Type } from 'avsc'
import { HubError } from '../../errors.ts'
import { type AvroNode, type AvroSchema, type RecordNode } from './node.ts'
import { parseNode } from './parse-node.ts'
import { jsonOf } from './schema-json.ts'

export { type AvroSchema } from './node.ts'

// avsc's own long type refuses integers beyond 2^53, which every LSST id is.
const bigintLong = (): Type =>
  avsc.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64LE(value)
      return bytes
    },
    fromJSON: BigInt,
    toJSON: String,
    isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
  })

/** Names as avsc takes them, each a different one: it refuses namespaces that others allow. */
const plainNames = (): ((name: string) => string) => {
  const plain = new Map<string, string>()
  const taken = new Set<string>()
  return name => {
    const known = plain.get(name)
    if (known !== undefined) return known
    // A name without a namespace would be looked for in the one around it.
    let next = name.replaceAll(/[^\w.]/g, '_').replaceAll(/(^|\.)(?![A-Za-z_])/g, '$1_')
    if (!next.includes('.')) next = `none.${next}`
    while (taken.has(next)) next += '_'
    taken.add(next)
    plain.set(name, next)
    return next
  }
}

/** avsc's type of a tree. A registry of names belongs to one schema: avsc writes into it. */
const avscType = (root: AvroNode): Type =>
  avsc.Type.forSchema(jsonOf(root, plainNames()) as avsc.Schema, {
    registry: Object.assign(Object.create(null), { long: bigintLong() }),
  })

class ParsedSchema implements AvroSchema {
  readonly text: string
  readonly name: string
  readonly root: RecordNode
  #type: Type | undefined

  constructor(text: string, root: RecordNode) {
    this.text = text
    this.name = root.name
    this.root = root
  }

  get type(): Type {
    this.#type ??= avscType(this.root)
    return this.#type
  }
}

/**
 * Parses a schema's JSON text; `references` are the texts of other schemas whose names it uses, each after those it needs itself.
 * Throws HubError HUB_SCHEMA_INVALID; the root has to be a record.
 */
export const parseSchema = (json: string, references: readonly string[] = []): AvroSchema => {
  let root: AvroNode
  try {
    root = parseNode(json, references)
  } catch (cause) {
    throw new HubError('HUB_SCHEMA_INVALID', `The text is not an Avro schema: ${reason(cause)}`, { cause })
  }
  if (root.kind !== 'record')
    throw new HubError('HUB_SCHEMA_INVALID', `The schema's root is of type ${root.kind}; an alert has to be a record`)
  return new ParsedSchema(references.length === 0 ? json : JSON.stringify(jsonOf(root)), root)
}

/** The schema without documentation, defaults, aliases and logical types, in one fixed order: equal for schemas that write equal bytes. */
export const canonicalText = (schema: AvroSchema): string => JSON.stringify(jsonOf(schema.root))

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
