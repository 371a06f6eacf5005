import { describe, expect, test } from 'vitest'
import { type Level, incompatibilities } from './compatibility-levels.ts'
import { type AvroNode } from '../../avro/schema/node.ts'
import { parseNode } from '../../avro/schema/parse-node.ts'
import { identityOf } from '../state/schema-identity.ts'

const record = (namespace: string, ...fields: object[]) =>
  parseNode(JSON.stringify({ type: 'record', name: 'alert', namespace, fields }))
const can = (level: Level, candidate: AvroNode, ...earlier: AvroNode[]) =>
  incompatibilities(
    level,
    candidate,
    earlier.map((type, index) => ({ version: index + 1, type })),
  ).length === 0
const id = { name: 'id', type: 'long' }
const optional = { name: 'snr', type: ['null', 'float'], default: null }
const of = (type: unknown) => record('v', { name: 'x', type })
const required = { name: 'ra', type: 'double' }

describe('compatibility', () => {
  test('is judged without the namespace, which carries the version in surveys', () => {
    expect(can('FULL', record('v2', id, optional), record('v1', id))).toBe(true)
  })

  test.each([
    ['BACKWARD', false],
    ['FORWARD', true],
    ['FULL', false],
    ['NONE', true],
  ] as const)('%s and a new field without default: %s', (level, expected) => {
    expect(can(level, record('v', id, required), record('v', id))).toBe(expected)
  })

  test('compares with the last version only, unless it is transitive', () => {
    const history = [record('v', required), record('v', id, optional)] as const
    expect(can('BACKWARD', record('v', id, required), record('v', id, required), record('v', id, required))).toBe(true)
    expect(can('FORWARD', record('v', id), ...history)).toBe(true)
    expect(can('FORWARD_TRANSITIVE', record('v', id), ...history)).toBe(false)
  })

  test('knows promotions, unions and enums', () => {
    expect(can('BACKWARD', of('long'), of('int'))).toBe(true)
    expect(can('BACKWARD', of('int'), of('long'))).toBe(false)
    expect(can('BACKWARD', of(['null', 'int']), of('int'))).toBe(true)
    expect(can('FORWARD', of(['null', 'int']), of('int'))).toBe(false)
    expect(
      can(
        'BACKWARD',
        of({ type: 'enum', name: 'E', symbols: ['a'] }),
        of({ type: 'enum', name: 'E', symbols: ['a', 'b'] }),
      ),
    ).toBe(false)
    expect(can('BACKWARD', of('int'), parseNode('"int"'))).toBe(false)
  })
})

/** A record that names another one twice, and that another one twice, and so on. */
const doubling = (levels: number, leaf: unknown): unknown => {
  let type = leaf
  for (let level = 0; level < levels; level++)
    type = {
      type: 'record',
      name: `R${level}`,
      fields: [
        { name: 'a', type },
        { name: 'b', type: level === 0 ? leaf : `R${level - 1}` },
      ],
    }
  return type
}

test('schemas that unfold to more than any machine holds are compared once for each type', () => {
  const [ints, longs] = ['int', 'long'].map(leaf => parseNode(JSON.stringify(doubling(40, leaf))))
  expect(can('BACKWARD', longs!, ints!)).toBe(true)
  expect(can('BACKWARD', ints!, longs!)).toBe(false)
})

test('unions of many records are compared by name', () => {
  const union = (type: string) =>
    of(Array.from({ length: 100 }, (_, i) => ({ type: 'record', name: `R${i}`, fields: [{ name: 'x', type }] })))
  expect(can('BACKWARD', union('long'), union('int'))).toBe(true)
  expect(can('BACKWARD', union('int'), union('long'))).toBe(false)
})

test('aliases, defaults of enums and records inside themselves are as Java’s checker has them', () => {
  const named = (name: string, more: object) =>
    of({ type: 'record', name, fields: [{ name: 'y', type: 'int' }], ...more })
  expect(can('BACKWARD', named('New', { aliases: ['old.Old'] }), named('Old', {}))).toBe(true)
  expect(can('BACKWARD', named('New', {}), named('Old', {}))).toBe(false)
  const band = (symbols: string[], more = {}) => of({ type: 'enum', name: 'E', symbols, ...more })
  expect(can('BACKWARD', band(['a', 'u'], { default: 'u' }), band(['a', 'b']))).toBe(true)
  const chain = (type: string) =>
    of({
      type: 'record',
      name: 'Chain',
      fields: [
        { name: 'next', type: ['null', 'Chain'] },
        { name: 'v', type },
      ],
    })
  expect(can('BACKWARD', chain('long'), chain('int'))).toBe(true)
  expect(can('BACKWARD', chain('int'), chain('long'))).toBe(false)
})

describe('the identity of a schema', () => {
  test('is not what Avro ignores where it stands', () => {
    for (const schema of ['"int"', '{"type":"int"}', '{"type":"int","name":"x"}', '{"type":{"type":"int","size":3}}'])
      expect(identityOf({ schema })).toBe(identityOf({ schema: '"int"' }))
    const array = '{"type":"array","items":"int"}'
    expect(identityOf({ schema: '{"type":"array","items":"int","name":"x"}' })).toBe(identityOf({ schema: array }))
    expect(identityOf({ schema: '{"type":"array","items":"int","owner":"x"}' })).not.toBe(identityOf({ schema: array }))
  })

  test('is not its spacing, the order of its properties or how it writes names', () => {
    const texts = [
      '{"type":"record","name":"a.R","fields":[{"name":"x","type":{"type":"int"}}]}',
      '{ "namespace": "a", "fields": [{ "type": "int", "name": "x" }], "name": "R", "type": "record" }',
    ]
    expect(new Set(texts.map(schema => identityOf({ schema }))).size).toBe(1)
  })

  test('is its fields’ order, its defaults and its logical types', () => {
    const texts = [
      '{"type":"record","name":"R","fields":[{"name":"x","type":"int"},{"name":"y","type":"int"}]}',
      '{"type":"record","name":"R","fields":[{"name":"y","type":"int"},{"name":"x","type":"int"}]}',
      '{"type":"record","name":"R","fields":[{"name":"x","type":"int","default":1},{"name":"y","type":"int"}]}',
      '{"type":"record","name":"R","fields":[{"name":"x","type":"int"},{"name":"y","type":{"type":"int","logicalType":"date"}}]}',
    ]
    expect(new Set(texts.map(schema => identityOf({ schema }))).size).toBe(texts.length)
  })
})
