import { expect, test } from 'vitest'
import { type Field, fieldsOf, mergeFields } from './fields.ts'
import { parseSchema } from './schema.ts'

const record = (name: string, fields: Record<string, unknown>) => ({
  type: 'record',
  name,
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
})
const lines = (fields: readonly Field[]) =>
  fields.map(({ list, path, kind }) => `${list ? `${list}[].` : ''}${path} ${kind}`)

test('every field that fits a column is offered in the schema’s order', () => {
  const source = record('s.source', {
    id: 'long',
    time: { type: 'long', logicalType: 'timestamp-micros' },
    flux: ['null', 'float'],
    flag: ['boolean', 'null'],
    band: { type: 'enum', name: 'band', symbols: ['g', 'r'] },
    stamp: { type: 'fixed', name: 'stamp', size: 4 },
  })
  const schema = record('s.alert', {
    id: 'int',
    source,
    object: ['null', record('s.object', { name: 'string', inner: ['null', record('s.inner', { x: 'double' })] })],
    history: ['null', { type: 'array', items: 's.source' }],
    cutout: ['null', 'bytes'],
  })
  const sourceLines = ['id long', 'time long', 'flux number', 'flag boolean', 'band string', 'stamp binary']
  expect(lines(fieldsOf(parseSchema(JSON.stringify(schema))))).toEqual([
    'id int',
    ...sourceLines.map(line => `source.${line}`),
    'object present',
    'object.name string',
    'object.inner present',
    'object.inner.x number',
    ...sourceLines.map(line => `history[].${line}`),
    'cutout binary',
  ])
})

test('what no column can hold is not offered', () => {
  const schema = record('alert', {
    nothing: 'null',
    numbers: { type: 'array', items: 'double' },
    names: { type: 'map', values: 'string' },
    either: ['null', 'int', 'string'],
    self: ['null', 'alert'],
    selves: { type: 'array', items: 'alert' },
    nested: {
      type: 'array',
      items: record('item', { x: 'int', inner: { type: 'array', items: record('deep', { y: 'int' }) } }),
    },
  })
  expect(lines(fieldsOf(parseSchema(JSON.stringify(schema))))).toEqual(['nested[].x int'])
})

test('versions are merged: longs win over ints, numbers over both and over booleans, else the newest kind holds', () => {
  const newest: Field[] = [
    { path: 'a', kind: 'number' },
    { path: 'b', kind: 'string' },
    { list: 'l', path: 'a', kind: 'long' },
    { path: 'c', kind: 'int' },
    { path: 'd', kind: 'number' },
  ]
  const older: Field[] = [
    { path: 'a', kind: 'long' },
    { path: 'b', kind: 'number' },
    { list: 'l', path: 'a', kind: 'long' },
    { path: 'c', kind: 'long' },
    { path: 'd', kind: 'int' },
    { path: 'gone', kind: 'boolean' },
  ]
  expect(lines(mergeFields(newest, older))).toEqual([
    'a number',
    'b string',
    'l[].a long',
    'c long',
    'd number',
    'gone boolean',
  ])
})

test('a record that some version lacks can be absent, so it is offered as present or not', () => {
  const merged = mergeFields(
    [{ path: 'id', kind: 'long' }],
    [
      { path: 'orbit.inner.a', kind: 'number' },
      { path: 'id', kind: 'long' },
    ],
  )
  expect(lines(merged)).toEqual(['id long', 'orbit present', 'orbit.inner present', 'orbit.inner.a number'])
})
