// npm run bench -- noise [--pairs 7]: what 99 good filters lose to one that was suspended after coming back again and again, and to one that uses its whole
// processor time. Interleaved pairs of runs with and without; the medians of the ratios are the result.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { goodFilters, neighbourBatch, neighbourly } from '../hostile/neighbours.ts'
import { type IsolateSandbox, openIsolateSandbox } from '../isolate/open-isolate-sandbox.ts'

const { values } = parseArgs({ options: { pairs: { type: 'string', default: '7' } } })
const BATCHES = 100
const dir = mkdtempSync(join(tmpdir(), 'skysieve-noise-'))
const batch = neighbourBatch(256)
const good = goodFilters(99)
const ids = good.map(({ id }) => id)
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const round = (value: number): number => Math.round(value * 1000) / 1000

/** Milliseconds of each batch. */
async function latencies(sandbox: IsolateSandbox): Promise<number[]> {
  const found: number[] = []
  for (let i = 0; i < BATCHES; i++) {
    const start = performance.now()
    await sandbox.evaluate(batch, ids)
    found.push(performance.now() - start)
  }
  return found
}
const p99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const sandbox = await openIsolateSandbox({ dir, logger: pino({ level: 'error' }) })
for (const program of good) await sandbox.load(program)
await latencies(sandbox)

/** A filter that hangs, is loaded again after each kill, and is at last left out. */
const hanging = neighbourly('hanging', 'export const filter = () => [].includes.call({ length: 2 ** 53 - 1 }, 1)')
const suspended: number[] = []
for (let pair = 0; pair < Number(values.pairs); pair++) {
  const quiet = p99(await latencies(sandbox))
  for (let visit = 0; visit < 3; visit++) {
    await sandbox.load(visit === 0 ? hanging : { ...hanging, trust: 'quarantined' })
    await sandbox.evaluate(batch, [...ids, 'hanging'])
  }
  await sandbox.evaluate(batch, ids)
  suspended.push(p99(await latencies(sandbox)) / quiet)
  console.error(`p99 after suspension, of that without: ${round(suspended.at(-1) ?? 0)}`)
}

/** A filter that takes most of its time in every batch, in a lane of its own as the engine gives it. */
const busy = neighbourly(
  'busy',
  'export function filter() { let n = 0; for (let i = 0; i < 12_000; i++) n += Math.sqrt(i); return n > 0 }',
)
await sandbox.load({ ...busy, limits: { ...busy.limits, batchMs: 2000 } })
for (let i = 0; i < 6; i++) await sandbox.evaluate(batch, ['busy'])
const noisy: number[] = []
for (let pair = 0; pair < Number(values.pairs); pair++) {
  const quiet = sum(await latencies(sandbox))
  const state = { over: false }
  const lane = (async () => {
    while (!state.over) await sandbox.evaluate(batch, ['busy'])
  })()
  noisy.push(quiet / sum(await latencies(sandbox)))
  state.over = true
  await lane
  console.error(`throughput beside a busy filter, of that without: ${round(noisy.at(-1) ?? 0)}`)
}
await sandbox.close()
rmSync(dir, { recursive: true, force: true })
console.log(
  JSON.stringify({
    machine: { cpu: cpus()[0]?.model, cores: cpus().length },
    settings: { filters: 99, batchRows: 256, batches: BATCHES, pairs: Number(values.pairs) },
    p99AfterSuspensionRatio: round(median(suspended)),
    throughputBesideBusyRatio: round(median(noisy)),
  }),
)
