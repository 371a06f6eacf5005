// Whatever is in a batch, a filter sees exactly that: random records go in as columns, and what the filter says they look like comes back.
import { array, assert, asyncProperty, bigInt, boolean, double, option, record, string } from 'fast-check'
import { expect, test, vi } from 'vitest'
import { type ColumnSet } from '../columns/batch.ts'
import { batchOf } from '../conformance/batch-of.ts'
import { openTestIsolates } from './isolate-sandbox.fixture.ts'

vi.setConfig({ testTimeout: 120_000 })

const SET: ColumnSet = {
  columns: [
    { path: 'label', kind: 'string' },
    { path: 'inner.value', kind: 'number' },
    { path: 'inner.flag', kind: 'boolean' },
    { path: 'inner.deep', kind: 'present' },
    { path: 'inner.deep.id', kind: 'long' },
  ],
  lists: [
    {
      path: 'items',
      columns: [
        { path: 'id', kind: 'long' },
        { path: 'name', kind: 'string' },
        { path: 'at.x', kind: 'number' },
      ],
    },
    { path: 'inner.more', columns: [{ path: 'value', kind: 'number' }] },
  ],
}

const nullable = <T>(of: Parameters<typeof option<T>>[0]) => option(of, { nil: null })
const long = bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const text = string({ unit: 'binary', maxLength: 20 })
const number = double({ noNaN: true, noDefaultInfinity: true })
const Records = array(
  record({
    label: nullable(text),
    inner: record({
      value: nullable(number),
      flag: nullable(boolean()),
      deep: nullable(record({ id: nullable(long) })),
      more: nullable(array(record({ value: nullable(number) }), { maxLength: 3 })),
    }),
    items: nullable(
      array(record({ id: nullable(long), name: nullable(text), at: record({ x: nullable(number) }) }), {
        maxLength: 4,
      }),
    ),
  }),
  { minLength: 1, maxLength: 70 },
)

/** How a record looks in JSON: ids as decimal strings. */
const inJson = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)))

/** -0 is 0 in JSON, and keys have no order. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('a filter sees the records of its batch', async () => {
  const sandbox = await openTestIsolates()
  await sandbox.load({
    id: 'mirror',
    version: 1,
    runtime: 'isolate',
    source: 'export const filter = alert => ({ pass: true, annotations: alert })',
    fileName: 'mirror.js',
    reads: SET,
    trust: 'system',
    limits: { batchMs: 5000, memoryMb: 64, logChars: 0, annotationChars: 16_384 },
  })
  await assert(
    asyncProperty(Records, async records => {
      const [verdicts] = await sandbox.evaluate(batchOf({ set: SET, records }), ['mirror'])
      expect(verdicts?.firstError).toBeUndefined()
      const seen = records.map((_, row) => plain(JSON.parse(verdicts?.annotations?.get(row) ?? 'null')))
      expect(seen).toEqual(records.map(inJson))
    }),
    { numRuns: 60 },
  )
  await sandbox.close()
})
