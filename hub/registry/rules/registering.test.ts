import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deleteSubject, deleteVersion } from './deleting.ts'
import { parseRecord, type ParsedRecord } from '../state/schemas-topic-records.ts'
import { isRefusal } from '../state/registry-errors.ts'
import { register, type Submitted } from './registering.ts'
import { setLevel, setMode } from './modes-and-levels.ts'
import { type Decision, type RegistryState, replayRecords } from '../state/registry-state.ts'

const schemaOf = (name: string, ...fields: string[]): string =>
  JSON.stringify({ type: 'record', name, fields: fields.map(field => ({ name: field, type: 'int', default: 0 })) })
const [A, B, C] = [schemaOf('A', 'a'), schemaOf('B', 'b'), schemaOf('C', 'c')]

/** A registry without Kafka: decisions become records, and a new one is what the records say. */
const openMemoryRegistry = () => {
  const log = new Map<string, ParsedRecord>()
  let state: RegistryState = replayRecords([])
  const take = <T>({ records, answer }: Decision<T>): T => {
    for (const { key, value } of records) {
      log.delete(key)
      if (value !== null) log.set(key, parseRecord(key, JSON.stringify(value)))
    }
    state = replayRecords(log.values())
    return answer
  }
  const add = (subject: string, schema: string, more: Partial<Submitted> = {}) => {
    const { id, version } = take(register(state, subject, { schema, ...more }))
    return { id, version }
  }
  return {
    take,
    add,
    get state() {
      return state
    },
  }
}
const codeOf = (attempt: () => unknown): number | undefined => {
  try {
    attempt()
    return undefined
  } catch (error) {
    if (isRefusal(error)) return error.errorCode
    throw error
  }
}

describe('registering', () => {
  test('counts ids from 100,000 and versions from 1, and knows a schema again anywhere', () => {
    const registry = openMemoryRegistry()
    expect(registry.add('s', A)).toEqual({ id: 100_000, version: 1 })
    expect(registry.add('s', B)).toEqual({ id: 100_001, version: 2 })
    expect(registry.add('other', B)).toEqual({ id: 100_001, version: 1 })
    expect(registry.add('s', A)).toEqual({ id: 100_000, version: 1 })
  })

  test('does not take the version that Rubin’s tool puts into the metadata for another schema', () => {
    const registry = openMemoryRegistry()
    const { id } = registry.add('s', A)
    expect(registry.add('t', A, { metadata: { properties: { 'confluent:version': '7' } } }).id).toBe(id)
    expect(registry.add('u', A, { metadata: { properties: { owner: 'me' } } }).id).not.toBe(id)
  })

  test('with an id needs import mode, which needs an id and an empty subject', () => {
    const registry = openMemoryRegistry()
    expect(codeOf(() => registry.add('s', A, { id: 7 }))).toBe(42_205)
    registry.take(setMode(registry.state, 's', 'IMPORT', false))
    expect(codeOf(() => registry.add('s', A))).toBe(42_205)
    expect(registry.add('s', A, { id: 1100, version: 1100 })).toEqual({ id: 1100, version: 1100 })
    expect(registry.add('s', A, { id: 1100, version: 1100 })).toEqual({ id: 1100, version: 1100 })
    expect(codeOf(() => registry.add('s', B, { id: 1100, version: 5 }))).toBe(42_205)
    expect(codeOf(() => registry.add('s', B, { id: 5, version: 1100 }))).toBe(42_205)
    registry.take(setMode(registry.state, 's', 'READWRITE', false))
    expect(codeOf(() => setMode(registry.state, 's', 'IMPORT', false))).toBe(42_205)
    expect(codeOf(() => setMode(registry.state, 's', 'IMPORT', true))).toBeUndefined()
    expect(registry.add('t', A).id).toBe(1100)
    expect(registry.add('t', B).id).toBe(100_000)
  })

  test('outside import mode takes the next version only, and nothing where it is read-only', () => {
    const registry = openMemoryRegistry()
    expect(registry.add('s', A, { version: 1 }).version).toBe(1)
    expect(codeOf(() => registry.add('s', B, { version: 3 }))).toBe(42_201)
    registry.take(setMode(registry.state, undefined, 'READONLY', false))
    expect(codeOf(() => registry.add('s', B))).toBe(42_205)
    expect(registry.add('s', A).version).toBe(1)
  })

  test('refuses what is no Avro schema, and what breaks the level of its subject', () => {
    const registry = openMemoryRegistry()
    for (const bad of ['', '{', '{}', '"nope"', '[]', '{"type":"record","name":"R"}', '{"type":"record","fields":[]}'])
      expect(codeOf(() => registry.add('s', bad))).toBe(42_201)
    const wrong = { type: 'record', name: 'R', fields: [{ name: 'x', type: 'int', default: 'a' }] }
    expect(codeOf(() => registry.add('s', JSON.stringify(wrong)))).toBe(42_201)
    expect(codeOf(() => registry.add('s', A, { schemaType: 'JSON' }))).toBe(42_201)
    expect(codeOf(() => registry.add('s', A, { references: [{ name: 'x', subject: 'none', version: 1 }] }))).toBe(
      42_201,
    )
    registry.add('s', A)
    registry.take(setLevel(registry.state, 's', 'BACKWARD'))
    expect(codeOf(() => registry.add('s', '"string"'))).toBe(40_901)
    expect(registry.add('s', schemaOf('A', 'a', 'more')).version).toBe(2)
  })

  test('finds the names of a schema in those it refers to, which then cannot be deleted', () => {
    const registry = openMemoryRegistry()
    registry.add('base', A)
    const top = JSON.stringify({ type: 'record', name: 'Top', fields: [{ name: 'a', type: 'A' }] })
    expect(codeOf(() => registry.add('top', top))).toBe(42_201)
    registry.add('top', top, { references: [{ name: 'A', subject: 'base', version: 1 }] })
    expect(codeOf(() => deleteSubject(registry.state, 'base', false))).toBe(42_206)
  })
})

describe('deleting', () => {
  test('marks, then removes; the next version and the next id are new ones, and the same schema gets its old id back', () => {
    const registry = openMemoryRegistry()
    registry.add('s', A)
    const { id } = registry.add('s', B)
    registry.take(deleteVersion(registry.state, registry.state.versions('s')[1]!, false))
    expect(registry.state.versions('s').map(({ version }) => version)).toEqual([1])
    expect(registry.add('s', C)).toEqual({ id: id + 1, version: 3 })
    expect(codeOf(() => deleteSubject(registry.state, 's', true))).toBe(40_405)
    expect(registry.take(deleteSubject(registry.state, 's', false))).toEqual([1, 3])
    expect(codeOf(() => deleteSubject(registry.state, 's', false))).toBe(40_404)
    expect(registry.take(deleteSubject(registry.state, 's', true))).toEqual([1, 2, 3])
    expect(registry.state.subjects(true)).toEqual([])
    expect(codeOf(() => deleteSubject(registry.state, 's', true))).toBe(40_401)
    expect(registry.add('s', schemaOf('D', 'd'))).toEqual({ id: id + 2, version: 1 })
    expect(registry.add('s', A)).toEqual({ id: id - 1, version: 2 })
  })

  test('an id that another schema was imported under since is not given back', () => {
    const registry = openMemoryRegistry()
    const { id } = registry.add('s', A)
    registry.take(deleteSubject(registry.state, 's', false))
    registry.take(deleteSubject(registry.state, 's', true))
    registry.take(setMode(registry.state, 's', 'IMPORT', false))
    registry.add('s', B, { id })
    expect(registry.add('t', A).id).toBe(id + 1)
    expect(registry.add('t', B).id).toBe(id)
  })

  test('leaves what the system itself writes by', () => {
    const registry = openMemoryRegistry()
    registry.add('lsst-notices-value', A)
    expect(codeOf(() => deleteSubject(registry.state, 'lsst-notices-value', false))).toBe(42_205)
    const [version] = registry.state.versions('lsst-notices-value')
    expect(codeOf(() => deleteVersion(registry.state, version!, false))).toBe(42_205)
  })

  test('import mode clears what was only marked', () => {
    const registry = openMemoryRegistry()
    registry.add('s', A)
    registry.take(deleteSubject(registry.state, 's', false))
    registry.take(setMode(registry.state, 's', 'IMPORT', false))
    expect(registry.state.versions('s', true)).toEqual([])
    expect(registry.add('s', B, { id: 100_000, version: 9 })).toEqual({ id: 100_000, version: 9 })
  })

  test('never lets an id mean two schemas, whatever is registered and deleted', () => {
    const step = fc.record({
      subject: fc.constantFrom('s', 't'),
      schema: fc.constantFrom(A, B, C),
      drops: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), steps => {
        const registry = openMemoryRegistry()
        const meanings = new Map<number, string>()
        for (const { subject, schema, drops } of steps) {
          const { id } = registry.add(subject, schema)
          expect(meanings.get(id) ?? schema).toBe(schema)
          meanings.set(id, schema)
          if (!drops) continue
          registry.take(deleteSubject(registry.state, subject, false))
          registry.take(deleteSubject(registry.state, subject, true))
        }
      }),
      { numRuns: 50 },
    )
  })
})
