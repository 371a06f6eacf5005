import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Value } from 'typebox/value'
import { JoinRequest } from '#api'
import { machineFacts } from './machine-facts.ts'

test('a machine says what a join asks of it', async () => {
  const dir = join(mkdtempSync(join(tmpdir(), 'skysieve-facts-')), 'node')
  const facts = await machineFacts(dir, true)
  expect([...Value.Errors(JoinRequest.properties.facts, facts)]).toEqual([])
  expect(facts.diskFreeBytes).toBeLessThanOrEqual(facts.diskBytes)
  expect((await machineFacts(dir, false)).languages).not.toContain('python')
})
