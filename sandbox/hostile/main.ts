// npm run hostile -- FILE.jsonl [--runtime js|py] [--good 99] [--jit] [--only REGEXP] [--host bubblewrap|container] [--engine SOCKET]: a corpus of hostile filters beside good ones in the production sandbox.
// A line a case; the last line is the summary as JSON. Exit code 1 when something was not contained.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { DEFAULT_SOCKET } from '../engine/docker-engine.ts'
import { HOST_KINDS } from '../jail/open-jail.ts'
import { openSandbox } from '../open-sandbox.ts'
import { openOutside } from './canaries.ts'
import { javascriptModule, pythonModule, readCorpus } from './corpus.ts'
import { goodFilters, goodPythonFilters, neighbourBatch, javascriptFilter, pythonFilter } from './good-filters.ts'
import { openCorpusRun, summarise } from './run-corpus.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runtime: { type: 'string', default: 'js' },
    good: { type: 'string', default: '99' },
    jit: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    host: { type: 'string' },
    engine: { type: 'string', default: DEFAULT_SOCKET },
  },
})
const { runtime } = values
if (runtime !== 'js' && runtime !== 'py') {
  console.error(`the runtime ${runtime} is not known here; there are: js, py`)
  process.exit(2)
}
const host = HOST_KINDS.find(kind => kind === values.host)
if (values.host !== undefined && host === undefined) {
  console.error(`hosts cannot be confined by ${values.host}; there are: ${HOST_KINDS.join(', ')}`)
  process.exit(2)
}
const python = runtime === 'py'
const label = `hostile-${process.pid}`
const file = resolve(positionals[0] ?? join(import.meta.dirname, `corpus.${runtime}.jsonl`))

const dir = mkdtempSync(join(tmpdir(), 'skysieve-hostile-'))
const logger = pino({ level: 'error' })
let restarts = 0
const onRestart = (): number => restarts++
const outside = await openOutside()
const sandbox = await openSandbox({
  // One host, so that a hostile filter in JavaScript always has all the others beside it.
  isolates: {
    dir,
    logger,
    defaults: { hosts: 1, jit: values.jit },
    host,
    engine: { engine: values.engine, label },
    onRestart,
  },
  ...(python && {
    containers: {
      engine: values.engine,
      dir,
      logger,
      onRestart,
      label,
      imageCache: join(import.meta.dirname, '../../.cache'),
    },
  }),
})
const containers = python ? await sandbox.containers() : undefined
const run = await openCorpusRun({
  sandbox,
  good: [...goodFilters(Number(values.good)), ...(python ? goodPythonFilters() : [])],
  programOf: (each, id) =>
    python ? pythonFilter(id, pythonModule(each)) : javascriptFilter(id, javascriptModule(each)),
  batch: neighbourBatch(),
  outside,
  hostPids: () => [...sandbox.isolates.hostPids(), ...(containers?.hostPids() ?? [])],
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
    ...(result.toldOtherwise ? ['its author is told something else than the truth'] : []),
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
