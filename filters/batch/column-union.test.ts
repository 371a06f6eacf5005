// Which columns a batch carries.
import { expect, test } from 'vitest'
import { columnUnion, sameColumns } from './column-union.ts'

const number = (path: string) => ({ path, kind: 'number' as const })

test('every column is carried once, and lists are joined', () => {
  const a = { columns: [number('x'), number('y')], lists: [{ path: 'l', columns: [number('p')] }] }
  const b = {
    columns: [number('y'), number('z')],
    lists: [
      { path: 'l', columns: [number('q'), number('p')] },
      { path: 'm', columns: [] },
    ],
  }
  expect(columnUnion([a, b])).toEqual({
    columns: ['x', 'y', 'z'].map(number),
    lists: [
      { path: 'l', columns: ['p', 'q'].map(number) },
      { path: 'm', columns: [] },
    ],
  })
})

test('sets are the same in whatever order their columns are', () => {
  expect(
    sameColumns({ columns: [number('x'), number('y')], lists: [] }, { columns: [number('y'), number('x')], lists: [] }),
  ).toBe(true)
  expect(
    sameColumns({ columns: [number('x')], lists: [] }, { columns: [{ path: 'x', kind: 'long' }], lists: [] }),
  ).toBe(false)
})
