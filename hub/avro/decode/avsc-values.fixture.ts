// The oracle of the cursor's tests: what each cell of a batch has to be, by avsc's full decode of the same packets.
import { expect } from 'vitest'
import { type Batch, type ColumnKind, type ColumnSet } from '../columns/batch.ts'
import { type Field } from '../columns/fields.ts'
import { readCell } from '../columns/read-cell.ts'

/** All fields as a column set. */
export const setOf = (fields: readonly Field[]): ColumnSet => ({
  columns: fields.filter(({ list }) => list === undefined),
  lists: [...new Set(fields.flatMap(({ list }) => list ?? []))].map(path => ({
    path,
    columns: fields.filter(({ list }) => list === path),
  })),
})

/** What lies at a dotted path of a decoded alert; null where a record on the way is null or a field is absent. */
export const valueAt = (alert: unknown, path: string): unknown => {
  let value: unknown = alert
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return null
    value = Object.hasOwn(value, name) ? Reflect.get(value, name) : null
  }
  return value
}

const expected = (record: unknown, path: string, kind: ColumnKind): unknown => {
  const value = valueAt(record, path)
  return kind === 'present' ? value !== null : value
}

/** Compares every cell of a batch to the decoded alerts of its rows. Returns how many it compared. */
export const expectBatch = (batch: Batch, alerts: readonly unknown[]): number => {
  let cells = 0
  const compare = (found: unknown, wanted: unknown, where: () => string): void => {
    cells++
    // Most cells are equal; expect() is for the message.
    if (Object.is(found, wanted)) return
    if (!Buffer.isBuffer(found) || !Buffer.isBuffer(wanted) || !found.equals(wanted))
      expect({ [where()]: found }).toEqual({ [where()]: wanted })
  }
  expect(batch.rows).toBe(alerts.length)
  alerts.forEach((alert, row) => {
    batch.set.columns.forEach(({ path, kind }, c) => {
      const column = batch.columns[c] ?? new Float64Array(0)
      compare(readCell(batch, column, kind, row), expected(alert, path, kind), () => `row ${row} ${path}`)
    })
    batch.set.lists.forEach(({ path, columns }, l) => {
      const list = batch.lists[l]
      const items = valueAt(alert, path)
      compare(list?.counts[row], Array.isArray(items) ? items.length : -1, () => `row ${row} count of ${path}`)
      if (!list || !Array.isArray(items)) return
      items.forEach((item: unknown, i) => {
        columns.forEach((column, c) => {
          const found = readCell(
            batch,
            list.columns[c] ?? new Float64Array(0),
            column.kind,
            (list.starts[row] ?? 0) + i,
          )
          compare(found, expected(item, column.path, column.kind), () => `row ${row} ${path}[${i}].${column.path}`)
        })
      })
    })
  })
  return cells
}
