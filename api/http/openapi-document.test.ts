import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openApiDocument } from './openapi-document.ts'

const file = new URL('../openapi.json', import.meta.url)

test('the committed OpenAPI document is what the routes say (UPDATE_OPENAPI=1 writes it anew)', async () => {
  const text = `${JSON.stringify(await openApiDocument(), null, 2)}\n`
  if (process.env['UPDATE_OPENAPI']) writeFileSync(file, text)
  expect(readFileSync(file, 'utf8')).toBe(text)
})

interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly responses: Record<string, unknown>
}

test('every operation has a summary, a tag and both kinds of error', async () => {
  const { paths } = (await openApiDocument()) as { paths: Record<string, Record<string, Operation>> }
  const operations = Object.values(paths).flatMap(path => Object.values(path))
  expect(operations.length).toBeGreaterThan(20)
  for (const { summary, tags, responses } of operations) {
    expect(summary).toMatch(/\w/)
    expect(tags).toHaveLength(1)
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']))
  }
})
