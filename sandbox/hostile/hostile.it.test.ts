// The corpus of this folder beside 30 good filters in one production host: everything is contained, and authors are told the truth.
// `npm run hostile -- FILE.jsonl` runs any corpus beside 99.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type IsolateSandbox, openIsolateSandbox } from '../isolate/open-isolate-sandbox.ts'
import { openOutside, type Outside } from './canaries.ts'
import { javascriptModule, readCorpus } from './corpus.ts'
import { goodFilters, neighbourBatch, javascriptFilter } from './good-filters.ts'
import { openCorpusRun } from './run-corpus.ts'

/** What authors may be told for each expectation; a filter that allocates may run out of time before it runs out of memory. */
const TOLD: Record<string, RegExp> = {
  timeout: /timeout: still running after 200 ms/,
  oom: /out-of-memory: |timeout: still running after 200 ms/,
  error: /error: |no-filter: |syntax: /,
  ok: /^verdicts$/,
}

const corpus = readCorpus(join(import.meta.dirname, 'corpus.js.jsonl'))
const dir = mkdtempSync(join(tmpdir(), 'skysieve-hostile-'))
let sandbox: IsolateSandbox
let outside: Outside
let run: Awaited<ReturnType<typeof openCorpusRun>>
let restarts = 0

beforeAll(async () => {
  outside = await openOutside()
  sandbox = await openIsolateSandbox({
    dir,
    logger: pino({ level: 'silent' }),
    defaults: { hosts: 1 },
    onForbidden: 'kill',
    onRestart: () => restarts++,
  })
  run = await openCorpusRun({
    sandbox,
    good: goodFilters(30),
    programOf: (each, id) => javascriptFilter(id, javascriptModule(each)),
    batch: neighbourBatch(32),
    outside,
    hostPids: () => sandbox.hostPids(),
    restarts: () => restarts,
  })
})
afterAll(async () => {
  await sandbox?.close()
  outside?.close()
  rmSync(dir, { recursive: true, force: true })
})

test.each(corpus.map(each => [each.name, each] as const))(
  '%s harms nobody, and its author is told why it failed',
  async (_name, each) => {
    const result = await run.run(each)
    expect(result).toMatchObject({
      contained: true,
      goodVerdictsMissing: 0,
      touchedOutside: [],
      told: expect.stringMatching(each.says ?? '') as string,
    })
    const possible = each.expect.split('|').flatMap(one => TOLD[one] ?? [])
    expect(possible.some(one => one.test(result.told))).toBe(true)
  },
)
