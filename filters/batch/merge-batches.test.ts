// Small batches as one: what a filter sees does not depend on how alerts were cut into batches.
import { encodeAlert, openBatchBuilder, parseSchema, parseStream } from '#hub'
import { type Batch, type Column, type ColumnSet, MAX_ROWS } from '#sandbox'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LaneBatch } from './lane-batch.ts'
import { countThatFit, mergeBatches } from './merge-batches.ts'

const item = {
  type: 'record',
  name: 'item',
  fields: [
    { name: 'flux', type: ['null', 'double'] },
    { name: 'band', type: 'string' },
  ],
}
const SCHEMA = parseSchema(
  JSON.stringify({
    type: 'record',
    name: 'alert',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'visit', type: 'long' },
      { name: 'name', type: ['null', 'string'] },
      { name: 'stamp', type: ['null', 'bytes'] },
      { name: 'history', type: ['null', { type: 'array', items: item }] },
    ],
  }),
)
const STREAM = parseStream({ name: 's', topic: 's', alertId: ['id'], visit: { path: 'visit' }, timeMs: [] })
const ALL: ColumnSet = {
  columns: [
    { path: 'id', kind: 'long' },
    { path: 'name', kind: 'string' },
    { path: 'stamp', kind: 'binary' },
  ],
  lists: [
    {
      path: 'history',
      columns: [
        { path: 'band', kind: 'string' },
        { path: 'flux', kind: 'number' },
      ],
    },
  ],
}
const SOME: ColumnSet = { columns: ALL.columns.slice(1), lists: ALL.lists }

const alert = fc.record({
  id: fc.bigInt(0n, 2n ** 62n),
  visit: fc.constant(1n),
  name: fc.option(fc.string({ unit: 'grapheme', maxLength: 6 })),
  stamp: fc.option(fc.uint8Array({ maxLength: 5 }).map(bytes => Buffer.from(bytes))),
  history: fc.option(
    fc.array(fc.record({ flux: fc.option(fc.double()), band: fc.string({ maxLength: 3 }) }), { maxLength: 4 }),
  ),
})

function batchOf(alerts: readonly object[], released: () => void = () => undefined): LaneBatch {
  const limits = { maxListRows: 100, maxTextUnits: 1000, maxBinaryBytes: 1000 }
  const builder = openBatchBuilder({ stream: STREAM, set: ALL, ...limits })
  const entries = alerts.map((each, row) => {
    builder.add(encodeAlert(SCHEMA, each as Record<string, unknown>), 1, SCHEMA, 5)
    return {
      partition: 0,
      offset: 0n,
      timestampMs: 5,
      came: { afterMs: 0, byMs: 5 },
      packet: Buffer.alloc(0),
      row,
      alert: 0n,
      visit: 1n,
    }
  })
  return { set: ALL, entries, columns: alerts.length === 0 ? undefined : builder.take(), release: released }
}

/** The values of a column: text and bytes as they are, other cells bit by bit. */
function valuesOf(batch: Batch, { kind }: Column, cells: Float64Array | undefined): unknown[] {
  const longs = new BigInt64Array(new Float64Array(cells ?? []).buffer)
  return [...(cells ?? [])].map((cell, index) => {
    if (Number.isNaN(cell) || (kind !== 'string' && kind !== 'binary')) return longs[index]
    if (kind === 'binary') {
      const at = Math.floor(cell / 2 ** 24)
      return Buffer.from(batch.binary.subarray(at, at + (cell % 2 ** 24))).toString('hex')
    }
    if (cell >= 0) return String.fromCharCode(cell)
    const at = -cell - 1
    return String.fromCharCode(...batch.text.subarray(at + 1, at + 1 + (batch.text[at] ?? 0)))
  })
}

function contentOf(batch: Batch): unknown {
  const [list] = batch.lists
  const names = ['name', 'stamp'] as const
  return {
    times: [...batch.times],
    ids: [...batch.ids],
    columns: names.map(path => {
      const index = batch.set.columns.findIndex(column => column.path === path)
      return valuesOf(batch, batch.set.columns[index]!, batch.columns[index])
    }),
    items: list?.items,
    counts: [...(list?.counts ?? [])],
    // Where a list is null or empty, its start means nothing.
    starts: [...(list?.counts ?? [])].map((count, row) => (count > 0 ? list?.starts[row] : undefined)),
    lists: batch.set.lists[0]?.columns.map((column, index) => valuesOf(batch, column, list?.columns[index])),
  }
}

test('batches as one hold what one batch of all alerts would have held', () => {
  fc.assert(
    fc.property(fc.array(fc.array(alert, { maxLength: 4 }), { minLength: 1, maxLength: 5 }), groups => {
      const merged = mergeBatches(
        groups.map(group => batchOf(group)),
        SOME,
      )
      const whole = batchOf(groups.flat())
      expect(merged.entries.map(({ row }) => row)).toEqual(whole.entries.map(({ row }) => row))
      const [a, b] = [merged.columns, whole.columns]
      expect(a?.rows).toBe(b?.rows)
      if (a === undefined || b === undefined || groups.length === 1) return
      expect(a.set).toBe(SOME)
      expect(contentOf(a)).toEqual(contentOf(b))
    }),
  )
})

test('as many batches are taken as a sandbox takes at once, and all of them are released together', () => {
  const one = { id: 1n, visit: 1n, name: null, stamp: null, history: null }
  let released = 0
  const batches = [100, 100, 100].map(count =>
    batchOf(
      Array.from({ length: count }, () => one),
      () => released++,
    ),
  )
  expect(countThatFit(batches)).toBe(2)
  expect(countThatFit([batchOf(Array.from({ length: MAX_ROWS }, () => one))])).toBe(1)
  mergeBatches(batches.slice(0, 2), ALL).release()
  expect(released).toBe(2)
})
