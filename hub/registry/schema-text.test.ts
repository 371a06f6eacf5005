import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readContainer } from '../avro/container.ts'
import { avroTypeOf, isTooDeep } from './schema-text.ts'

const recordOf = (type: unknown, value: unknown): string =>
  JSON.stringify({ type: 'record', name: 'alert', fields: [{ name: 'drb', type, default: value }] })

test('the default of a union may be null wherever null stands in it', () => {
  expect(() => avroTypeOf(recordOf(['float', 'null'], null))).not.toThrow()
})

test('a default that fits no branch is refused', () => {
  expect(() => avroTypeOf(recordOf(['float', 'null'], 'bright'))).toThrow(/default/)
})

// Also on real packets, where they lie beside the repository.
const folder = join(import.meta.dirname, '../../../shared/data/ztf/3.2')
const files = existsSync(folder) ? readdirSync(folder).slice(0, 3) : []
test.each(files)('the schema inside ZTF’s %s is one', file => {
  expect(() => avroTypeOf(readContainer(readFileSync(join(folder, file))).schemaJson)).not.toThrow()
})

test('only what is nested deeper than any schema is too deep; brackets in texts do not count', () => {
  const nested = (depth: number): string => `${'{"type":"array","items":'.repeat(depth)}"int"${'}'.repeat(depth)}`
  expect([nested(199), nested(201), nested(50_000)].map(isTooDeep)).toEqual([false, true, true])
  expect(isTooDeep(JSON.stringify({ doc: `\\"${'{['.repeat(5000)}` }))).toBe(false)
})
