import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { parseConfig, readConfig } from './read-config.ts'

const schema = Type.Object(
  {
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    kafka: Type.Object({ user: Type.String(), password: Type.String() }),
    intervalS: Type.Number({ default: 37 }),
  },
  { additionalProperties: false },
)
const good = { port: 21_002, kafka: { user: 'skysieve-hub', password: 'p' } }

test('settings come from the file named by --config, with defaults filled in', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'skysieve-config-')), 'hub.json')
  writeFileSync(file, JSON.stringify(good))
  expect(readConfig(schema, ['--config', file])).toEqual({ ...good, intervalS: 37 })
})

test('a process started without settings says how to give them', () => {
  expect(() => readConfig(schema, [])).toThrow(/--config FILE/)
})

test('a missing file is named', () => {
  expect(() => readConfig(schema, ['--config', '/nowhere/hub.json'])).toThrow(
    '/nowhere/hub.json cannot be read (ENOENT)',
  )
})

test('every bad setting is named by its path, and no value is shown', () => {
  const bad = { port: 0, kafka: { password: 7_777 }, prot: 1 }
  const read = (): unknown => parseConfig(schema, 'hub.json', JSON.stringify(bad))
  expect(read).toThrow(/port must be >= 1/)
  expect(read).toThrow(/kafka\.user is missing/)
  expect(read).toThrow(/kafka\.password must be string/)
  expect(read).toThrow(/prot is no setting/)
  expect(read).not.toThrow(/7777/)
})

test('a file that is not JSON is named', () => {
  expect(() => parseConfig(schema, 'hub.json', '{')).toThrow('The settings in hub.json are not JSON')
})
