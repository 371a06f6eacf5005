// npm run bench -- noise [--pairs 15] [--only RESULT] [--engine SOCKET]: what 99 good filters lose to one that was suspended after coming back again and again, and to one, in
// an isolate or in a container, that uses its whole processor time. Interleaved pairs of runs with and without; the medians of the ratios are the result. The same
// of pairs without and without is what this machine adds by itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { goodFilters, neighbourBatch, javascriptFilter, pythonFilter } from '../hostile/good-filters.ts'
import { openSandbox } from '../open-sandbox.ts'
import { type Program } from '../sandbox.ts'
import { median, percentile, rounded } from './figures.ts'

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
    engine: { type: 'string' },
  },
})
const PAIRS = Number(values.pairs)
const BATCHES = 100
/** Before each measurement: a fresh host has to warm up, and a new spare to start. */
const SETTLE = { batches: 10, ms: 300 } as const
const dir = mkdtempSync(join(tmpdir(), 'skysieve-noise-'))
const batch = neighbourBatch(256)
const good = goodFilters(99)
const ids = good.map(({ id }) => id)
const round = (value: number): number => rounded(value, 3)
const p99 = (numbers: readonly number[]): number => percentile(numbers, 0.99)
const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0)

const logger = pino({ level: 'error' })
const imageCache = join(import.meta.dirname, '../../.cache')
const { engine } = values
const sandbox = await openSandbox({
  isolates: { dir, logger },
  ...(engine !== undefined && { containers: { engine, dir, logger, label: `noise-${process.pid}`, imageCache } }),
})
for (const program of good) await sandbox.load(program)

/** Milliseconds of each batch. */
async function latencies(): Promise<number[]> {
  await setTimeout(SETTLE.ms)
  for (let i = 0; i < SETTLE.batches; i++) await sandbox.evaluate(batch, ids)
  const found: number[] = []
  for (let i = 0; i < BATCHES; i++) {
    const start = performance.now()
    await sandbox.evaluate(batch, ids)
    found.push(performance.now() - start)
  }
  return found
}
await latencies()

/** A filter that hangs, is loaded again after each kill, and is at last left out. */
async function p99AfterSuspension(): Promise<number> {
  const hanging = javascriptFilter(
    'hanging',
    'export const filter = () => [].includes.call({ length: 2 ** 53 - 1 }, 1)',
  )
  const ratios: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const quiet = p99(await latencies())
    for (let visit = 0; visit < 3; visit++) {
      await sandbox.load(visit === 0 ? hanging : { ...hanging, trust: 'quarantined' })
      await sandbox.evaluate(batch, [...ids, 'hanging'])
    }
    ratios.push(p99(await latencies()) / quiet)
    console.error(`p99 after suspension, of that without: ${round(ratios.at(-1) ?? 0)}`)
  }
  return round(median(ratios))
}

/** A filter that takes most of its time in every batch, in a lane of its own as the engine gives it. */
async function throughputBeside(program: Program): Promise<number> {
  const outcome = await sandbox.load({ ...program, limits: { ...program.limits, batchMs: 5000 } })
  if (!outcome.ok) throw new Error(`the busy filter could not be loaded: ${JSON.stringify(outcome)}`)
  // It turns slow, and moves.
  for (let i = 0; i < 6; i++) await sandbox.evaluate(batch, [program.id])
  const ratios: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const quiet = sum(await latencies())
    const state = { over: false }
    const lane = (async () => {
      while (!state.over) await sandbox.evaluate(batch, [program.id])
    })()
    ratios.push(quiet / sum(await latencies()))
    state.over = true
    await lane
    console.error(`throughput beside ${program.id}, of that without: ${round(ratios.at(-1) ?? 0)}`)
  }
  await sandbox.unload(program.id)
  return round(median(ratios))
}

/** What two runs without anything differ by. */
async function floor(): Promise<{ readonly p99: number; readonly throughput: number }> {
  const pairs: { readonly p99: number; readonly throughput: number }[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const [first, second] = [await latencies(), await latencies()]
    pairs.push({ p99: p99(second) / p99(first), throughput: sum(first) / sum(second) })
  }
  return {
    p99: round(median(pairs.map(pair => pair.p99))),
    throughput: round(median(pairs.map(pair => pair.throughput))),
  }
}

const asked = (result: string): boolean => values.only === '' || values.only === result
const busy = 'export function filter() { let n = 0; for (let i = 0; i < 12_000; i++) n += Math.sqrt(i); return n > 0 }'
const busyPython = 'def filter(alert):\n    return sum(i * i for i in range(10_000)) > 0\n'
const withoutAnything = asked('floor') ? await floor() : null
const suspended = asked('suspended') ? await p99AfterSuspension() : null
const besideIsolate = asked('isolate') ? await throughputBeside(javascriptFilter('a busy isolate', busy)) : null
const besideContainer =
  engine !== undefined && asked('container')
    ? await throughputBeside(pythonFilter('a busy container', busyPython))
    : null
await sandbox.close()
rmSync(dir, { recursive: true, force: true })
console.log(
  JSON.stringify({
    machine: { cpu: cpus()[0]?.model, cores: cpus().length },
    settings: { filters: 99, batchRows: 256, batches: BATCHES, pairs: PAIRS },
    withoutAnythingRatios: withoutAnything,
    p99AfterSuspensionRatio: suspended,
    throughputBesideBusyRatio: besideIsolate,
    throughputBesideBusyContainerRatio: besideContainer,
  }),
)
