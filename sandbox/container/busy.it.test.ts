// Containers on a machine that has no processor to spare: who pays, and who does not.
import { type ChildProcess, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { batchOf } from '../conformance/batch-of.ts'
import { SAMPLE_LIMITS, SAMPLE_RECORDS, SAMPLE_SET } from '../conformance/sample.ts'
import { sampleProgram, verdictWords } from '../conformance/suite.ts'
import { type Verdicts } from '../sandbox.ts'
import { type Engine, openTestSandbox, startEngine } from './engine.fixture.ts'
import { type ContainerSandbox } from './open-container-sandbox.ts'

const BATCH = batchOf({ set: SAMPLE_SET, records: SAMPLE_RECORDS })
const LIMITS = { ...SAMPLE_LIMITS, batchMs: 200 }
/** Beside each processor so many more that want it; a container has a tenth of a process's weight. */
const HOGS = 6

let engine: Engine
let sandbox: ContainerSandbox
const hogs: ChildProcess[] = []
// The first run on a machine also assembles the image.
beforeAll(async () => {
  engine = await startEngine()
  sandbox = await openTestSandbox(engine)
}, 600_000)
afterAll(async () => {
  for (const hog of hogs) hog.kill('SIGKILL')
  await sandbox?.close()
  await engine?.close()
})

/** Evaluates a loaded filter while the machine is busy. */
async function underLoad(source: string): Promise<Verdicts> {
  const program = sampleProgram('container', source, { limits: LIMITS })
  expect(await sandbox.load(program)).toMatchObject({ ok: true })
  while (hogs.length < HOGS * availableParallelism())
    hogs.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
  const [verdicts] = await sandbox.evaluate(BATCH, [program.id])
  await sandbox.unload(program.id)
  return verdicts as Verdicts
}

test('a filter that needs half of its limit has verdicts, however long that takes', async () => {
  const work = [
    'import resource, time',
    'def spent():',
    '    usage = resource.getrusage(resource.RUSAGE_SELF)',
    '    return usage.ru_utime + usage.ru_stime',
    'def filter(alert):',
    '    end = spent() + 0.025',
    '    while spent() < end: pass',
    '    return True',
  ].join('\n')
  const verdicts = await underLoad(work)
  expect(verdicts.failure).toBeUndefined()
  expect(verdictWords(verdicts)).toEqual(['pass', 'pass', 'pass', 'pass'])
}, 300_000)

test('what a filter imports when it is first called is no part of its batch', async () => {
  const source = 'def filter(alert):\n    import scipy\n    return scipy.stats.norm.cdf(0) == 0.5\n'
  const verdicts = await underLoad(source)
  expect(verdicts.failure).toBeUndefined()
  expect(verdictWords(verdicts)).toEqual(['pass', 'pass', 'pass', 'pass'])
}, 300_000)

test.for([
  ['burns its time', 'while True: pass'],
  ['waits for itself', 'import threading\n    lock = threading.Lock(); lock.acquire(); lock.acquire()'],
] as const)('a filter that %s is ended, and is at fault', { timeout: 300_000 }, async ([, body]) => {
  const { failure } = await underLoad(`def filter(alert):\n    ${body}\n`)
  expect(failure).toMatchObject({ reason: 'timeout', error: { message: expect.stringContaining('200 ms') as string } })
})
