// What holds of both runtimes, as one suite of tests: a test file of each calls it with a way to open that runtime.
/* oxlint-disable vitest/valid-title, vitest/expect-expect -- titles and expectations are those of the cases */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Limits, type Program, type Runtime, type Sandbox, type Verdicts } from '../sandbox.ts'
import { batchOf } from './batch-of.ts'
import { CASES, type Case, type Verdict } from './cases.ts'
import { SAMPLE_IDS, SAMPLE_LIMITS, SAMPLE_RECORDS, SAMPLE_SET, SAMPLE_TIMES } from './sample.ts'

// Starting processes takes long on a busy machine; that must not decide a test.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const SAMPLE = batchOf({ set: SAMPLE_SET, records: SAMPLE_RECORDS, times: SAMPLE_TIMES, ids: SAMPLE_IDS })

const bit = (words: Uint32Array, row: number): boolean => (((words[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 1

/** Verdicts as words, row by row. */
export const verdictWords = ({ passed, errored }: Verdicts, rows = SAMPLE.rows): Verdict[] =>
  Array.from({ length: rows }, (_, row) => (bit(errored, row) ? 'error' : bit(passed, row) ? 'pass' : 'drop'))

let nextId = 0

/** A program over the sample's columns. */
export const sampleProgram = (runtime: Runtime, source: string, over: Partial<Program> = {}): Program => ({
  id: `case-${nextId++}`,
  version: 1,
  runtime,
  source,
  fileName: runtime === 'isolate' ? 'case.js' : 'case.py',
  reads: SAMPLE_SET,
  trust: 'system',
  limits: SAMPLE_LIMITS,
  ...over,
})

/** Loads a program, evaluates the sample once, unloads it. */
export async function tryOut(sandbox: Sandbox, program: Program, batch = SAMPLE): Promise<Verdicts> {
  const outcome = await sandbox.load(program)
  if (!outcome.ok) throw new Error(`${outcome.reason}: ${JSON.stringify(outcome.error)}`)
  const [verdicts] = await sandbox.evaluate(batch, [program.id])
  await sandbox.unload(program.id)
  return verdicts as Verdicts
}

function expectCase(verdicts: Verdicts, { expected, scores, annotations, firstError, logs }: Case): void {
  expect(verdicts.failure).toBeUndefined()
  expect(verdictWords(verdicts)).toEqual(expected)
  const scored = Object.fromEntries([...(verdicts.scores ?? [])].entries().filter(([, score]) => !Number.isNaN(score)))
  expect(scored).toEqual(scores ?? {})
  const notes = Object.fromEntries(
    [...(verdicts.annotations ?? [])].map(([row, json]) => [row, JSON.parse(json) as unknown]),
  )
  expect(notes).toEqual(annotations ?? {})
  const { message, ...where } = firstError ?? { message: /^$/ }
  expect(verdicts.firstError ?? {}).toMatchObject(where)
  expect(verdicts.firstError?.message ?? '').toMatch(message)
  expect(verdicts.logs).toEqual(logs ?? [])
}

export interface Conformance {
  readonly runtime: Runtime
  readonly language: 'javascript' | 'python'
  readonly open: () => Promise<Sandbox>
}

/** Registers the suite. */
export function testConformance(name: string, { runtime, language, open }: Conformance): void {
  describe(name, () => {
    let sandbox: Sandbox
    beforeAll(async () => {
      sandbox = await open()
    })
    afterAll(() => sandbox?.close())
    const run = (source: string, limits: Partial<Limits> = {}): Promise<Verdicts> =>
      tryOut(sandbox, sampleProgram(runtime, source, { limits: { ...SAMPLE_LIMITS, ...limits } }))

    for (const each of CASES) test(each.title, async () => expectCase(await run(each[language]), each))

    test('the same input gives the same verdict, with clock and randomness, on any host', async () => {
      const source = {
        javascript:
          'export const filter = () => ({ pass: true, score: Math.random(), annotations: { now: Date.now() } })',
        python:
          'import random, time\nclass Case(AlertFilter):\n    def filter(self, alert):\n        return {"pass": True, "score": random.random(), "annotations": {"now": int(time.time() * 1000)}}\n',
      }[language]
      const first = await run(source)
      const again = await run(source)
      expect(again.scores).toEqual(first.scores)
      expect(new Set(first.scores).size).toBe(SAMPLE.rows)
      expect([...(first.annotations ?? [])]).toEqual(
        SAMPLE_TIMES.map((time, row) => [row, JSON.stringify({ now: time })]),
      )
    })

    test('logs are bounded in characters, and what is beyond is counted', async () => {
      const source = {
        javascript:
          'export function filter() { for (let i = 0; i < 1000; i++) console.log("x".repeat(100)); return true }',
        python:
          'class Case(AlertFilter):\n    def filter(self, alert):\n        for i in range(1000):\n            print("x" * 100)\n        return True\n',
      }[language]
      const verdicts = await run(source)
      expect(verdicts.logs.join('').length).toBeLessThanOrEqual(SAMPLE_LIMITS.logChars + 1)
      expect(verdicts.logsDropped).toBeGreaterThan(3900)
      expect(verdictWords(verdicts)).toEqual(['pass', 'pass', 'pass', 'pass'])
    })

    test('a filter that does not stop has a timeout that says the limit, and others of the batch have their verdicts', async () => {
      const loop = {
        javascript: 'export function filter() { for (;;); }',
        python: 'class Case(AlertFilter):\n    def filter(self, alert):\n        while True:\n            pass\n',
      }[language]
      const limits = { ...SAMPLE_LIMITS, batchMs: 200 }
      const bad = sampleProgram(runtime, loop, { limits })
      const good = sampleProgram(runtime, CASES[0]?.[language] ?? '')
      await sandbox.load(bad)
      await sandbox.load(good)
      const [first, second] = await sandbox.evaluate(SAMPLE, [bad.id, good.id])
      expect(first?.failure).toMatchObject({
        reason: 'timeout',
        error: { message: expect.stringContaining('200 ms') as string },
      })
      expect(verdictWords(second as Verdicts)).toEqual(['pass', 'pass', 'pass', 'pass'])
      await sandbox.unload(good.id)
    })

    test('a source with a mistake is refused with line and column', async () => {
      const source = {
        javascript: 'export function filter(alert) {\n  return )\n}\n',
        python: 'class Case(AlertFilter):\n    def filter(self, alert):\n        return )\n',
      }[language]
      const outcome = await sandbox.load(sampleProgram(runtime, source))
      const line = language === 'javascript' ? 2 : 3
      expect(outcome).toMatchObject({
        ok: false,
        reason: 'syntax',
        error: { line, column: expect.any(Number) as number },
      })
    })

    test('a module without a filter is refused', async () => {
      const source = { javascript: 'export const description = "nothing"', python: 'x = 1\n' }[language]
      expect(await sandbox.load(sampleProgram(runtime, source))).toMatchObject({ ok: false, reason: 'no-filter' })
    })

    test('a column the batch does not carry reads as null, and so does a name that no record has, which is not there', async () => {
      const reads = {
        columns: [
          { path: 'source.unheard', kind: 'number' },
          { path: 'object', kind: 'present' },
        ],
        lists: [{ path: 'others', columns: [] }],
      } as const
      const source = {
        javascript:
          'export const filter = a => a.source.unheard === null && a.others === null && a.nothing === null && !("nothing" in a)',
        python:
          'class Case(AlertFilter):\n    def filter(self, alert):\n        return alert.source.unheard is None and alert.others is None and "nothing" not in alert\n',
      }[language]
      expect(verdictWords(await tryOut(sandbox, sampleProgram(runtime, source, { reads })))).toEqual([
        'pass',
        'pass',
        'pass',
        'pass',
      ])
    })

    test('filters are loaded, changed and removed while others run', async () => {
      const [always, never] = [CASES[0], CASES[1]].map(each => each?.[language] ?? '')
      const steady = sampleProgram(runtime, always ?? '')
      await sandbox.load(steady)
      for (const version of [1, 2, 3]) {
        const changing = sampleProgram(runtime, (version % 2 ? always : never) ?? '', { id: 'changing', version })
        const [loaded, [verdicts]] = await Promise.all([sandbox.load(changing), sandbox.evaluate(SAMPLE, [steady.id])])
        expect(loaded.ok).toBe(true)
        expect(verdictWords(verdicts as Verdicts)[0]).toBe('pass')
        const [changed] = await sandbox.evaluate(SAMPLE, ['changing'])
        expect(changed).toMatchObject({ version })
        expect(verdictWords(changed as Verdicts)[0]).toBe(version % 2 ? 'pass' : 'drop')
        await sandbox.unload('changing')
      }
      await sandbox.unload(steady.id)
      await expect(sandbox.evaluate(SAMPLE, [steady.id])).rejects.toMatchObject({ code: 'SANDBOX_FILTER_UNKNOWN' })
    })
  })
}
