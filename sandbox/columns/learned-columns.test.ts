// A program that wants more is given it, with an end.
import { expect, test } from 'vitest'
import { type ColumnSet } from './batch.ts'
import { LearnedColumns, widened } from './learned-columns.ts'
import { columnNames, columnsNamed } from './wanted-columns.ts'

const number = (path: string) => ({ path, kind: 'number' }) as const
const there = (path: string) => ({ path, kind: 'present' }) as const
const OFFERS: ColumnSet = {
  columns: [
    number('id'),
    ...['a', 'b', 'c', 'd', 'e'].map(name => number(`source.${name}`)),
    there('object'),
    number('object.ra'),
    there('object.deep'),
    number('object.deep.x'),
  ],
  lists: [{ path: 'history', columns: ['a', 'b', 'c', 'd', 'e'].map(number) }],
}
const READS: ColumnSet = { columns: [number('id')], lists: [] }
const some = (...names: string[]): ColumnSet => columnsNamed(names, OFFERS) as ColumnSet

test('what was wanted is read from then on, with the records around it and a list that it lies in', () => {
  const learning = new LearnedColumns({ reads: READS, offers: OFFERS })
  expect(learning.take(some('object.deep.x', 'history[].b'), 1)).toEqual([
    'object',
    'object.deep',
    'object.deep.x',
    'history',
    'history[].b',
  ])
  expect(columnNames(learning.reads)).toContain('id')
})

test('the third time that a record is learned about, it comes whole, and no other', () => {
  const learning = new LearnedColumns({ reads: READS, offers: OFFERS })
  learning.take(some('source.a'), 1)
  learning.take(some('source.b', 'history[].a'), 1)
  expect(learning.take(some('source.c'), 1)).toEqual(['source.c', 'source.d', 'source.e'])
  learning.take(some('history[].b'), 1)
  expect(learning.take(some('history[].c'), 1)).toEqual(['history[].c', 'history[].d', 'history[].e'])
})

test('a batch that was tried too often is tried with everything', () => {
  const learning = new LearnedColumns({ reads: READS, offers: OFFERS })
  learning.take(some('source.a'), 6)
  expect(columnNames(learning.reads).toSorted()).toEqual(columnNames(OFFERS).toSorted())
})

test('names that are not on offer any more are forgotten', () => {
  expect(widened(READS, ['gone', 'source.e', 'gone[].x'], OFFERS)).toEqual(some('id', 'source.e'))
})
