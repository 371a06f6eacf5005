import { expect, test } from 'vitest'
import { type Field, fieldsOf, offerOf } from './fields.ts'
import { parseSchema } from '../schema/parse-schema.ts'

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

test('fields that no view can have are not offered, and the reason is told', () => {
  const deep = (levels: number, of = levels): unknown =>
    levels === 0 ? 'int' : record(`r${of}_${levels}`, { x: deep(levels - 1, of) })
  const members = Object.fromEntries(['constructor', 'toJSON', 'prototype'].map(name => [name, 'int']))
  const schema = record('alert', { ...members, hasOwnProperty: 'int', a: deep(7), b: deep(8) })
  const { fields, problems } = offerOf(parseSchema(JSON.stringify(schema)))
  expect(lines(fields)).toEqual(['constructor int', 'prototype int', 'hasOwnProperty int', 'a.x.x.x.x.x.x.x int'])
  expect(problems).toHaveLength(2)
})
