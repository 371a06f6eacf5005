// Filters that must not hold up the others: they leave the live lane, and nothing is lost or doubled on the way.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSandbox } from '#sandbox'
import { pino } from 'pino'
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { filterKey } from '../progress/keys.ts'
import { openTestNode, type TestNode, testSandbox, until } from './worker.fixture.ts'

let node: TestNode
beforeEach(async () => {
  node = await openTestNode(inject('kafka').node)
})
afterEach(() => node.close())
afterAll(async () => (await testSandbox()).close())

/** Half a millisecond and more of work on each alert. */
const SLOW = `export function filter(alert) {
  let sum = alert.flux
  for (let i = 0; i < 40000; i++) sum += i % 7
  return sum > 0
}`
const alertsOf = async (filter: string): Promise<number[]> =>
  (await node.deliveries(filter)).map(({ alert }) => alert).toSorted((a, b) => a - b)
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)
const send = async (from: number, to: number): Promise<void> => {
  for (let first = from; first < to; first += 100)
    await node.send(range(first, Math.min(to, first + 100)).map(id => ({ id, visit: 1 })))
}

test(
  'a filter that turns slow gets a lane of its own, also after a restart, and a new version brings it back',
  { timeout: 90_000 },
  async () => {
    const limits = { batchMs: 5000, memoryMb: 32, logChars: 1000, annotationChars: 4096 }
    const good = node.manifest({ cap: 5000 })
    const slow = node.manifest({ cap: 5000, source: SLOW })
    node.put(good)
    node.put(slow)
    const first = await node.work({ limits })
    await node.evaluated()
    node.ignore(slow.id)
    await send(0, 900)
    await until(async () => (await node.progress(filterKey(slow.id)))?.['lane'] === `own.${slow.id}`)
    await send(900, 1100)
    await node.evaluated()
    await until(async () => (await node.deliveries(slow.id)).length === 1100)
    expect(await alertsOf(slow.id)).toEqual(range(0, 1100))
    expect(await alertsOf(good.id)).toEqual(range(0, 1100))
    await first.close()
    await node.work({ limits })
    await send(1100, 1200)
    await until(async () => (await node.deliveries(slow.id)).length === 1200)
    expect(await node.progress(filterKey(slow.id))).toMatchObject({ lane: `own.${slow.id}`, isSlow: true })
    const source = 'export const filter = alert => alert.flux > 0'
    const quick = { number: 2, language: 'javascript' as const, source, sha256: '', createdAt: '2026-01-02T00:00:00Z' }
    node.put({ ...slow, versions: [...slow.versions, quick], active: 2 })
    await node.evaluated()
    await send(1200, 1300)
    await node.evaluated()
    expect(await alertsOf(slow.id)).toEqual(range(0, 1300))
    expect(await alertsOf(good.id)).toEqual(range(0, 1300))
  },
)

test(
  'many filters that start in the past take turns to read, and all of them arrive',
  { timeout: 90_000 },
  async () => {
    await send(0, 300)
    const filters = range(0, 10).map(() => node.manifest({ cap: 5000 }))
    for (const filter of filters) node.put(filter)
    await node.work()
    await send(300, 330)
    await node.evaluated()
    for (const { id } of filters) expect(await alertsOf(id)).toEqual(range(0, 330))
  },
)

test('a Python filter waits while no engine answers: it is not suspended, and the others go on', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-away-'))
  const logger = pino({ level: 'silent' })
  const sandbox = await openSandbox({
    isolates: { dir, logger, defaults: { hosts: 1 } },
    containers: { engine: join(dir, 'no-engine.sock'), label: 'away', dir, logger },
  })
  const source = 'def filter(alert):\n    return True\n'
  const versions = [{ number: 1, language: 'python' as const, source, sha256: '', createdAt: '2026-01-01T00:00:00Z' }]
  const python = { ...node.manifest(), versions }
  const good = node.manifest()
  node.put(python)
  node.put(good)
  node.ignore(python.id)
  const worker = await node.work({ sandbox })
  await send(0, 50)
  await node.evaluated()
  expect(await alertsOf(good.id)).toHaveLength(20)
  expect(await node.progress(filterKey(python.id))).toBeUndefined()
  await worker.close()
  await sandbox.close()
  rmSync(dir, { recursive: true, force: true })
})
