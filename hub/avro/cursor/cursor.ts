// Generates, for one writer schema and one layout, the function that walks a packet once: wanted fields into cells, everything else skipped.
import { type Stream } from '../../streams.ts'
import { NULL_HIGH } from '../columns/batch.ts'
import { type Layout } from '../columns/batch-memory.ts'
import {
  type ArrayNode,
  type AvroNode,
  type AvroSchema,
  itemsOf,
  minBytes,
  nullableOf,
  type RecordNode,
} from '../schema/node.ts'
import { type FieldPlan, type ListPlan, planOf, type RecordPlan, type Target } from './column-plan.ts'
import { type Reader } from './value-reader.ts'
import { Source } from './skip-values.ts'

/** Reads one alert from a position into a row; returns the position behind it. Throws HubError HUB_AVRO_… or BATCH_FULL. */
export type Cursor = (reader: Reader, from: number, row: number) => number

/** Cursors kept for one schema: as many column sets as are in use at once, not as many as ever were. */
const MAX_KEPT = 32
const kept = new WeakMap<AvroSchema, Map<string, Cursor>>()

/** The cursor of a schema and a layout; with a stream it also reads the alert's id, visit and time. Throws HubError HUB_SCHEMA_FIELD. */
export const cursorOf = (schema: AvroSchema, layout: Layout, stream?: Stream): Cursor => {
  const cursors = kept.get(schema) ?? new Map<string, Cursor>()
  kept.set(schema, cursors)
  const key = layout.key + JSON.stringify([stream?.alertId, stream?.visit.path, stream?.timeMs])
  const cursor = cursors.get(key) ?? compile(schema, layout, stream)
  cursors.delete(key)
  cursors.set(key, cursor)
  for (const oldest of cursors.keys()) {
    if (cursors.size <= MAX_KEPT) break
    cursors.delete(oldest)
  }
  return cursor
}

const compile = (schema: AvroSchema, layout: Layout, stream?: Stream): Cursor => {
  const plan = planOf(schema.root, layout, stream)
  const source = new Source()
  const steps = [
    nulls(source, plan.missing, 'i'),
    ...plan.missingLists.map(list => noList(list)),
    ...recordSteps(source, layout, schema.root, plan.root),
  ]
  const root = source.define(source.guarded(schema.root, steps))
  // The code is made of numbers and of names that Avro restricts to letters, digits and underscores.
  const code = `'use strict';${source.functions.join('\n')}\nreturn ${root}`
  // oxlint-disable-next-line typescript/no-implied-eval
  const cursor: Cursor = Reflect.apply(new Function('T', code), undefined, [source.tables])
  return cursor
}

const recordSteps = (source: Source, layout: Layout, record: RecordNode, plan: RecordPlan): string[] =>
  record.fields.map(({ name, node }) => {
    const where = `${record.name}.${name}`
    const wanted = plan.get(name)
    if (!wanted) return source.skip(node, where)
    const nullable = nullableOf(node)
    if (!nullable) return source.skip(node, where)
    const value = readValue(source, layout, nullable.value, wanted, where)
    if (nullable.isOnly) return source.only(value)
    return nullable.nullIndex < 0 ? value : source.nullable(nullable.nullIndex, where, absent(source, wanted), value)
  })

const readValue = (source: Source, layout: Layout, node: AvroNode, wanted: FieldPlan, where: string): string => {
  if (node.kind === 'record') {
    const present = wanted.targets.map(({ cell }) => `F[${cell}+i]=1;`).join('')
    if (!wanted.record) return present + source.skip(node, where)
    const steps = source.guarded(node, recordSteps(source, layout, node, wanted.record))
    return `${present}p=${source.define(steps)}(R,p,i);`
  }
  if (node.kind === 'array') return wanted.list ? readList(source, layout, node, wanted.list) : source.skip(node, where)
  // A field may go to several columns: the alert's id is one, and may be another.
  return wanted.targets
    .map(target => readScalar(source, node, target))
    .join('p=q;')
    .replace(/^/, wanted.targets.length > 1 ? 'q=p;' : '')
}

const readScalar = (source: Source, node: AvroNode, { kind, cell }: Target): string => {
  const at = `${cell}+i`
  switch (node.kind) {
    case 'boolean':
      return `x=B[p++];if(x>1)R.boolean(p);F[${at}]=x;`
    case 'int':
      if (kind === 'long') return `p=R.intToLong(p,${at});`
      return `x=B[p];if(x<128){F[${at}]=(x>>>1)^-(x&1);p++}else p=R.int(p,${at});`
    case 'long':
      return kind === 'long' ? `p=R.long(p,${at});` : `p=R.longToNumber(p,${at});`
    case 'float':
      return kind === 'long' ? `p=R.floatToLong(p,${at},4);` : readFloat('getFloat32', 4, at)
    case 'double':
      return kind === 'long' ? `p=R.floatToLong(p,${at},8);` : readFloat('getFloat64', 8, at)
    case 'string':
      // One ASCII character, such as a band, is its own cell.
      return `if(B[p]===2&&B[p+1]<128){F[${at}]=B[p+1];p+=2}else p=R.text(p,${at});`
    case 'enum':
      return `p=R.symbol(p,${at},${source.table(node.symbols)});`
    case 'bytes':
      return `p=R.binary(p,${at});`
    case 'fixed':
      return `p=R.fixed(p,${at},${node.size});`
    default:
      throw new TypeError(`No column holds the Avro type ${node.kind}`)
  }
}

/** A NaN of the packet must not be taken for null: it is written as the plain one, word by word. */
const readFloat = (get: string, size: number, at: string): string =>
  `if(p+${size}>E)R.truncated(p);v=V.${get}(p,true);p+=${size};F[${at}]=v;if(v!==v){U[2*(${at})]=0;U[2*(${at})+1]=0x7ff80000}`

const readList = (source: Source, layout: Layout, array: ArrayNode, list: ListPlan): string => {
  const items = itemsOf(array)
  if (!items) throw new TypeError('A list is an array of records')
  const steps = source.guarded(items.record, [
    nulls(source, list.missing, 'i'),
    ...recordSteps(source, layout, items.record, list.item),
  ])
  const call = `p=${source.define(steps)}(R,p,h++);`
  const read = items.isOnly ? source.only(call) : call
  const room = `if(n>${layout.limits.maxListRows}-h)R.isFull('items of a list');`
  const blocks = source.blocks(minBytes(array.items), read, room)
  return `h=R.items[${list.index}];F[${list.starts}+i]=h;${blocks}F[${list.counts}+i]=h-F[${list.starts}+i];R.items[${list.index}]=h;`
}

/** A null record or list: all its columns are null. */
const absent = (source: Source, wanted: FieldPlan): string => {
  const targets: Target[] = []
  const lists: ListPlan[] = []
  const collect = (field: FieldPlan): void => {
    targets.push(...field.targets)
    if (field.list) lists.push(field.list)
    for (const inner of field.record?.values() ?? []) collect(inner)
  }
  collect(wanted)
  return nulls(source, targets, 'i') + lists.map(noList).join('')
}

const noList = ({ index, starts, counts }: Pick<ListPlan, 'index' | 'starts' | 'counts'>): string =>
  `F[${starts}+i]=R.items[${index}];F[${counts}+i]=-1;`

const nulls = (source: Source, targets: readonly Target[], row: string): string => {
  const cells = targets.filter(({ kind }) => kind !== 'present').map(({ cell }) => cell)
  const absentRecords = targets.filter(({ kind }) => kind === 'present').map(({ cell }) => `F[${cell}+${row}]=0;`)
  const [only] = cells
  const some =
    cells.length === 0
      ? ''
      : cells.length === 1
        ? `U[2*(${only}+${row})]=0;U[2*(${only}+${row})+1]=${NULL_HIGH};`
        : `R.nulls(${source.table(Int32Array.from(cells))},${row});`
  return some + absentRecords.join('')
}
