// Which fields of a writer schema go to which cells of a batch: the column set matched to the schema by path, before code is made of it.
import { type Stream } from '../../streams.ts'
import { HubError } from '../../errors.ts'
import { type ColumnKind } from '../columns/batch.ts'
import { kindOf } from '../columns/fields.ts'
import { type Layout, type ListPlaces } from '../columns/batch-memory.ts'
import { type AvroNode, itemsOf, nullableOf, type RecordNode } from '../schema/node.ts'

/** A column's first cell and how it is written there. */
export interface Target {
  readonly kind: ColumnKind
  readonly cell: number
}

/** What is wanted of one field. */
export interface FieldPlan {
  readonly targets: Target[]
  record?: RecordPlan
  list?: ListPlan
}

export type RecordPlan = Map<string, FieldPlan>

export interface ListPlan extends Pick<ListPlaces, 'index' | 'starts' | 'counts'> {
  readonly item: RecordPlan
  /** Columns the schema's items lack. */
  readonly missing: readonly Target[]
}

export interface Plan {
  readonly root: RecordPlan
  readonly missing: readonly Target[]
  readonly missingLists: readonly ListPlaces[]
}

/** Whether a column holds the type's values, as far as it can hold them exactly; one of any other kind reads as null where the schema has the type. */
const fits = (node: AvroNode, kind: ColumnKind): boolean => {
  const own = kindOf(node)
  return own === kind || ((kind === 'number' || kind === 'long') && own !== undefined && NUMBERS.has(own))
}

const NUMBERS: ReadonlySet<ColumnKind> = new Set(['number', 'int', 'long'])

/** Ids and visits are integers. */
const isInteger = ({ kind }: AvroNode): boolean => kind === 'int' || kind === 'long'

/** The type at a dotted path, nulls apart; undefined where the schema has none. */
const find = (root: RecordNode, path: string): AvroNode | undefined => {
  let node: AvroNode | undefined = root
  for (const name of path.split('.')) {
    if (node?.kind !== 'record') return undefined
    const field: RecordNode['fields'][number] | undefined = node.fields.find(field => field.name === name)
    node = field && nullableOf(field.node)?.value
  }
  return node
}

const planFor = (root: RecordPlan, path: string): FieldPlan => {
  const names = path.split('.')
  const last = names.pop() ?? ''
  let plan = root
  for (const name of names) plan = field(plan, name).record ??= new Map()
  return field(plan, last)
}

const field = (plan: RecordPlan, name: string): FieldPlan => {
  const known = plan.get(name)
  if (known) return known
  const made: FieldPlan = { targets: [] }
  plan.set(name, made)
  return made
}

/** Adds columns to a record's plan and returns those the record lacks. */
const place = (
  root: RecordNode,
  plan: RecordPlan,
  columns: readonly (Target & { readonly path: string })[],
): Target[] =>
  columns.filter(({ path, kind, cell }) => {
    const node = find(root, path)
    if (!node || !fits(node, kind)) return true
    planFor(plan, path).targets.push({ kind, cell })
    return false
  })

/** Matches a batch's columns, and the stream's id, visit and time, to a schema. Throws HubError HUB_SCHEMA_FIELD. */
export const planOf = (root: RecordNode, layout: Layout, stream?: Stream): Plan => {
  const plan: RecordPlan = new Map()
  const missing = place(root, plan, layout.columns)
  if (stream) placeStream(root, plan, layout, stream)
  const missingLists = layout.lists.filter(list => {
    const array = find(root, list.path)
    const items = array?.kind === 'array' ? itemsOf(array) : undefined
    if (!items) return true
    const item: RecordPlan = new Map()
    const lacking = place(items.record, item, list.columns)
    planFor(plan, list.path).list = { ...list, item, missing: lacking }
    return false
  })
  return { root: plan, missing, missingLists }
}

const placeStream = (root: RecordNode, plan: RecordPlan, layout: Layout, stream: Stream): void => {
  const need = (what: string, paths: readonly string[], cell: number): void => {
    const path = paths.find(known => {
      const node = find(root, known)
      return node !== undefined && isInteger(node)
    })
    if (path === undefined)
      throw new HubError(
        'HUB_SCHEMA_FIELD',
        `Schema ${root.name} has no integer at ${paths.join(' or ')}, where stream ${stream.name} expects ${what}; name the right path in the stream's configuration`,
      )
    planFor(plan, path).targets.push({ kind: 'long', cell })
  }
  need('the alert’s id', stream.alertId, layout.ids)
  need('the visit', [stream.visit.path], layout.visits)
  const time = timeOf(root, stream)
  if (time) planFor(plan, time.path).targets.push({ kind: 'number', cell: layout.times })
}

/** Where a schema has the stream's time, if at all. */
export const timeOf = (root: RecordNode, stream: Stream): Stream['timeMs'][number] | undefined =>
  stream.timeMs.find(({ path }) => {
    const node = find(root, path)
    return node !== undefined && fits(node, 'number')
  })
