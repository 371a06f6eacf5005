// A new version waits for its place while the old one fails: neither is left behind in the sandbox.
import { type Sandbox } from '#sandbox'
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { DEFAULT_LIMITS } from '../check/sandbox-program.ts'
import { openTestNode, type TestNode, testSandbox, until } from './worker.fixture.ts'

let node: TestNode
beforeEach(async () => {
  node = await openTestNode(inject('kafka').node)
})
afterEach(() => node.close())
afterAll(async () => (await testSandbox()).close())

test('a version that was loaded to take the place of one that fails meanwhile is unloaded, and the filter goes on with it', async () => {
  const real = await testSandbox()
  const [loaded, unloaded, failed] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const evaluating = Promise.withResolvers<void>()
  const sandbox: Sandbox = {
    ...real,
    load: program => {
      loaded.add(program.id)
      return real.load(program)
    },
    unload: program => {
      unloaded.add(program)
      return real.unload(program)
    },
    evaluate: async (batch, programs) => {
      if (batch.rows > 0) evaluating.resolve()
      const verdicts = await real.evaluate(batch, programs)
      verdicts.forEach(({ failure }, index) => {
        const program = programs[index]
        if (failure !== undefined && program !== undefined) failed.add(program)
      })
      return verdicts
    },
  }
  const loops = node.manifest({ source: 'export function filter(alert) { while (alert.flux > 0); return true }' })
  node.put(loops)
  const worker = await node.work({ sandbox, limits: { ...DEFAULT_LIMITS, batchMs: 3000 } })
  await node.evaluated()
  await node.send([{ id: 1, visit: 1 }])
  await evaluating.promise
  const source = 'export const filter = alert => alert.flux > 0'
  const mended = { number: 2, language: 'javascript' as const, source, sha256: '', createdAt: '2026-01-02T00:00:00Z' }
  node.put({ ...loops, versions: [...loops.versions, mended], active: 2 })
  const delivered = await until(async () => {
    const found = await node.deliveries(loops.id)
    return found.length > 0 && found
  })
  expect(delivered.map(({ alert, headers }) => [alert, headers['skysieve-version']])).toEqual([[1, '2']])
  await worker.close()
  expect(failed.size).toBe(1)
  expect([...loaded].filter(program => !unloaded.has(program) && !failed.has(program))).toEqual([])
})
