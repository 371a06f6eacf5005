// Containers that the filters of one author share, where that is chosen.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { batchOf } from '../conformance/batch-of.ts'
import { SAMPLE_LIMITS, SAMPLE_RECORDS, SAMPLE_SET } from '../conformance/sample.ts'
import { sampleProgram, testConformance, verdictWords } from '../conformance/suite.ts'
import { openEngine } from '../engine/docker-engine.ts'
import { type Program, type Verdicts } from '../sandbox.ts'
import { type Engine, openTestSandbox, startEngine } from './engine.fixture.ts'

const BATCH = batchOf({ set: SAMPLE_SET, records: SAMPLE_RECORDS })
const firstOf = (verdicts: readonly Verdicts[]): string[] =>
  verdicts.map(each => each.failure?.reason ?? verdictWords(each)[0] ?? '')

let engine: Engine
// The first run on a machine also assembles the image.
beforeAll(async () => {
  engine = await startEngine()
}, 600_000)
afterAll(() => engine?.close())

const of = (author: string, body: string, over: Partial<Program> = {}): Program =>
  sampleProgram('container', `import os\ndef filter(alert):\n    ${body}\n`, { author, ...over })

testConformance('containers that one author’s filters share', {
  runtime: 'container',
  language: 'python',
  open: async () => {
    const sandbox = await openTestSandbox(engine, { shareByAuthor: true })
    return { ...sandbox, load: program => sandbox.load({ ...program, author: 'ada' }) }
  },
})

test('filters of one author are in one container, others and quarantined ones are not', async () => {
  const sandbox = await openTestSandbox(engine, { shareByAuthor: true })
  const programs = [
    of('ada', 'return True'),
    of('ada', 'return False'),
    of('bob', 'return True'),
    of('ada', 'return True', { trust: 'quarantined' }),
  ]
  for (const program of programs) expect(await sandbox.load(program)).toMatchObject({ ok: true })
  expect(sandbox.containerIds().length).toBe(3)
  const ids = programs.map(({ id }) => id)
  expect(firstOf(await sandbox.evaluate(BATCH, ids))).toEqual(['pass', 'drop', 'pass', 'pass'])
  await sandbox.unload(ids[0] ?? '')
  expect(firstOf(await sandbox.evaluate(BATCH, ids.slice(1)))).toEqual(['drop', 'pass', 'pass'])
  await sandbox.unload(ids[1] ?? '')
  expect(sandbox.containerIds().length).toBe(2)
  await sandbox.close()
  expect(await openEngine(engine.socket).listContainers({ all: true })).toEqual([])
})

test('one that ends the shared container is blamed, and the others have their verdicts in the next one', async () => {
  const sandbox = await openTestSandbox(engine, { shareByAuthor: true })
  const limits = { ...SAMPLE_LIMITS, batchMs: 200 }
  const programs = [
    of('ada', 'return True', { limits }),
    of('ada', 'os._exit(3)', { limits }),
    of('ada', 'while True: pass', { limits }),
    of('ada', 'return False', { limits }),
  ]
  for (const program of programs) expect(await sandbox.load(program)).toMatchObject({ ok: true })
  const ids = programs.map(({ id }) => id)
  expect(firstOf(await sandbox.evaluate(BATCH, ids))).toEqual(['pass', 'crash', 'timeout', 'drop'])
  expect(firstOf(await sandbox.evaluate(BATCH, [ids[0] ?? '', ids[3] ?? '']))).toEqual(['pass', 'drop'])
  const under = sandbox.evaluate(BATCH, [ids[3] ?? '', ids[0] ?? ''])
  for (const { Id } of await openEngine(engine.socket).listContainers())
    await openEngine(engine.socket).getContainer(Id).kill()
  expect(firstOf(await under)).toEqual(['drop', 'pass'])
  await sandbox.close()
})
