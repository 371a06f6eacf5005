// npm run hostile -- FILE.jsonl [--runtime js|py] [--good 99] [--jit] [--only REGEXP]: a corpus of hostile filters beside good ones in the production sandbox.
// A line a case; the last line is the summary as JSON. Exit code 1 when something was not contained.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { openIsolateSandbox } from '../isolate/open-isolate-sandbox.ts'
import { javascriptModule, readCorpus } from './case.ts'
import { goodFilters, neighbourBatch, neighbourly } from './neighbours.ts'
import { openOutside } from './outside.ts'
import { openCorpusRun, summarise } from './run-corpus.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runtime: { type: 'string', default: 'js' },
    good: { type: 'string', default: '99' },
    jit: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
})
const file = resolve(positionals[0] ?? join(import.meta.dirname, 'corpus.js.jsonl'))
if (values.runtime !== 'js') {
  console.error(`the runtime ${values.runtime} is not known here; there is: js`)
  process.exit(2)
}

const dir = mkdtempSync(join(tmpdir(), 'skysieve-hostile-'))
let restarts = 0
const outside = await openOutside()
const sandbox = await openIsolateSandbox({
  dir,
  logger: pino({ level: 'error' }),
  // One host, so that the hostile filter always has all the others beside it.
  defaults: { hosts: 1, jit: values.jit },
  onRestart: () => restarts++,
})
const run = await openCorpusRun({
  sandbox,
  good: goodFilters(Number(values.good)),
  programOf: (each, id) => neighbourly(id, javascriptModule(each)),
  batch: neighbourBatch(),
  outside,
  hostPids: () => sandbox.hostPids(),
  restarts: () => restarts,
})
const results = []
for (const each of readCorpus(file).filter(({ name }) => new RegExp(values.only).test(name))) {
  const result = await run.run(each)
  results.push(result)
  const { contained, goodDelayMs, hostRestarts, goodVerdictsMissing, touchedOutside } = result
  const flags = [
    contained ? 'contained' : 'NOT CONTAINED',
    `+${goodDelayMs} ms`,
    `${hostRestarts} restarts`,
    ...(goodVerdictsMissing > 0 ? [`${goodVerdictsMissing} good verdicts missing`] : []),
    ...touchedOutside,
  ]
  console.log(`${result.name} [${result.expect}]: ${flags.join(', ')}; author: ${result.told.slice(0, 160)}`)
}
await sandbox.close()
outside.close()
rmSync(dir, { recursive: true, force: true })
const summary = summarise(results)
console.log(JSON.stringify(summary))
process.exit(summary.contained === summary.cases && summary.goodVerdictsMissing === 0 ? 0 : 1)
