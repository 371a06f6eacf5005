import { expect, test } from 'vitest'
import { configRecord, modeRecord, parseRecord, type RegistryRecord, schemaRecord } from './schemas-topic-records.ts'
import { replayRecords } from './registry-state.ts'

const stateFrom = (...records: (RegistryRecord | readonly [string, string])[]) =>
  replayRecords(
    records.map(record =>
      'key' in record ? parseRecord(record.key, JSON.stringify(record.value)) : parseRecord(record[0], record[1]),
    ),
  )
const version = (subject: string, number: number, id: number, schema = '"int"') =>
  schemaRecord({ subject, version: number, id, schema })
const deleteUpTo = (subject: string, upTo: number) =>
  [
    JSON.stringify({ keytype: 'DELETE_SUBJECT', subject, magic: 0 }),
    JSON.stringify({ subject, version: upTo }),
  ] as const
const clear = (subject: string) =>
  [JSON.stringify({ keytype: 'CLEAR_SUBJECT', subject, magic: 0 }), JSON.stringify({ subject })] as const

test('keys and values have Confluent’s form', () => {
  expect(version('s', 1, 7)).toEqual({
    key: '{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}',
    value: { subject: 's', version: 1, id: 7, schema: '"int"', deleted: false },
  })
  expect(modeRecord('s', 'IMPORT').key).toBe('{"keytype":"MODE","subject":"s","magic":0}')
  expect(configRecord(undefined, 'NONE').key).toBe('{"keytype":"CONFIG","subject":null,"magic":0}')
})

test('a deletion by another registry hides the versions before it, not those after it', () => {
  const state = stateFrom(version('s', 1, 7), deleteUpTo('s', 2), version('s', 2, 8, '"long"'))
  expect(state.versions('s').map(({ id }) => id)).toEqual([8])
  expect(state.versions('s', true).map(({ id }) => id)).toEqual([7, 8])
  expect(state.byId(7)?.schema).toBe('"int"')
  expect(stateFrom(version('s', 1, 7), deleteUpTo('s', 2), clear('s')).subjects(true)).toEqual([])
})

test('settings are of a subject or of all; records without meaning here are passed over', () => {
  const state = stateFrom(configRecord(undefined, 'FULL'), modeRecord('s', 'IMPORT'), [
    '{"keytype":"NOOP","magic":0}',
    'null',
  ])
  expect([state.level(), state.level('s'), state.mode(), state.mode('s')]).toEqual([
    'FULL',
    undefined,
    undefined,
    'IMPORT',
  ])
})

test('schemas of other types are kept as they are', () => {
  const value = {
    subject: 's',
    version: 1,
    id: 3,
    schemaType: 'PROTOBUF',
    schema: 'syntax = "proto3";',
    deleted: false,
  }
  const state = stateFrom(['{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}', JSON.stringify(value)])
  expect(state.byId(3)?.schema).toBe(value.schema)
})

test('a record that is none of a registry’s is refused', () => {
  expect(() => parseRecord('{"keytype":"OTHER"}', '{}')).toThrow(/./)
  expect(() => parseRecord('not json', '{}')).toThrow(/JSON/)
})
