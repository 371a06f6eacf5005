import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { assembleSchema } from './assemble-schema.ts'
import { decodeAlert, encodeAlert } from '../decode/decode-alert.ts'
import { canonicalText, parseSchema } from './parse-schema.ts'

const text = JSON.stringify({
  type: 'record',
  namespace: 'survey.v1',
  name: 'alert',
  doc: 'What it is',
  fields: [
    { name: 'id', type: 'long', doc: 'Its id' },
    { name: 'seen', type: ['null', { type: 'long', logicalType: 'timestamp-micros' }], default: null },
  ],
})

test('an alert is written and read back with longs as bigint, also those with a logical type', () => {
  const schema = parseSchema(text)
  const alert = { id: 2n ** 62n + 1n, seen: -(2n ** 60n) - 1n }
  expect({ ...decodeAlert(schema, encodeAlert(schema, alert)) }).toEqual(alert)
  expect(schema.name).toBe('survey.v1.alert')
})

test('an alert that does not fit is refused by name', () => {
  expect(() => encodeAlert(parseSchema(text), { id: 1, seen: null })).toThrow(
    expect.objectContaining({ code: 'HUB_SCHEMA_INVALID', message: expect.stringContaining('survey.v1.alert') }),
  )
})

test('the canonical text leaves out what does not change the bytes', () => {
  expect(canonicalText(parseSchema(text))).toBe(
    '{"name":"survey.v1.alert","type":"record","fields":[{"name":"id","type":"long"},{"name":"seen","type":["null","long"]}]}',
  )
})

test.each([
  '{',
  '"long"',
  '{"type":"record"}',
  '{"type":"record","name":"a","fields":[{"name":"b","type":"c"}]}',
  '[]',
])('the text %s is refused', json => {
  expect(() => parseSchema(json)).toThrow(expect.objectContaining({ code: 'HUB_SCHEMA_INVALID' }))
})

test.each([
  ['HUB_AVRO_TRUNCATED', '02'],
  ['HUB_AVRO_TRAILING', '020000'],
  ['HUB_AVRO_UNION', '0204'],
])('%s for the bytes %s', (code, hex) => {
  expect(() => decodeAlert(parseSchema(text), Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code }))
})

const folder = async (files: Record<string, unknown>): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-schemas-'))
  for (const [name, content] of Object.entries(files))
    await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content))
  return dir
}

test('a folder with one file for each record becomes one schema, each record written out once', async () => {
  const space = { namespace: 'survey.v1', type: 'record' }
  const dir = await folder({
    'alert.avsc': {
      ...space,
      name: 'alert',
      fields: [
        { name: 'source', type: 'survey.v1.source' },
        { name: 'history', type: ['null', { type: 'array', items: 'source' }] },
      ],
    },
    'source.avsc': { ...space, name: 'source', fields: [{ name: 'band', type: 'survey.v1.part.band' }] },
    'band.avsc': { ...space, namespace: 'survey.v1.part', name: 'band', fields: [{ name: 'name', type: 'string' }] },
  })
  const schema = parseSchema(await assembleSchema(dir))
  expect(schema.name).toBe('survey.v1.alert')
  const alert = { source: { band: { name: 'g' } }, history: [{ band: { name: 'r' } }] }
  expect(JSON.parse(JSON.stringify(decodeAlert(schema, encodeAlert(schema, alert))))).toEqual(alert)
  await rm(dir, { recursive: true })
})

test.each([
  [
    'no alert',
    { 'source.avsc': { type: 'record', name: 'source', fields: [] } },
    /no .avsc file with a record named alert/,
  ],
  ['a file that is not JSON', { 'alert.avsc': '{' }, /alert.avsc is not JSON/],
  ['a file that is not a record', { 'alert.avsc': { type: 'string' } }, /alert.avsc is not the schema of a record/],
  [
    'a name nobody defines',
    { 'alert.avsc': { type: 'record', name: 'alert', fields: [{ name: 'x', type: 'lost' }] } },
    /lost/,
  ],
])('a folder with %s is refused', async (_, files, message) => {
  const dir = await folder(files)
  await expect(assembleSchema(dir)).rejects.toThrow(message)
  await expect(assembleSchema(dir)).rejects.toThrow(expect.objectContaining({ code: 'HUB_SCHEMA_INVALID' }))
  await rm(dir, { recursive: true })
})
