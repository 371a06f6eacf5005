import { describe, expect, test } from 'vitest'
import { type Level, incompatibilities } from './compatibility.ts'
import { avroTypeOf, identityOf } from './schema-text.ts'

const record = (namespace: string, ...fields: object[]) =>
  avroTypeOf(JSON.stringify({ type: 'record', name: 'alert', namespace, fields }))
const can = (level: Level, candidate: ReturnType<typeof avroTypeOf>, ...earlier: ReturnType<typeof avroTypeOf>[]) =>
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
    expect(can('BACKWARD', of('int'), avroTypeOf('"int"'))).toBe(false)
  })
})

describe('the identity of a schema', () => {
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
