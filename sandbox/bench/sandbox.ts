// npm run bench -- sandbox [--filters 100] [--engine SOCKET]: what the sandbox costs per record and filter, next to calling the same function directly. Figures are of the hardened
// sandbox: bubblewrap, seccomp, memory group, lockdown, watchdog. The last line is the result as JSON; CPU times include all threads of the host.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DEFAULT_SOCKET } from '../engine/docker-engine.ts'
import { containerCosts } from './container-cost.ts'
import { median, rounded } from './figures.ts'
import { type Cost, costOf, hundredColdMs, memoryPerFilterMb } from './isolate-cost.ts'
import { type Kind, KINDS, POINTS } from './workload.ts'

const { values } = parseArgs({
  options: { filters: { type: 'string', default: '100' }, engine: { type: 'string', default: DEFAULT_SOCKET } },
})
const filters = Number(values.filters)
const SIZES = [1, 16, 64, 256]
const COLD_RUNS = 7
const round = (value: number): number => rounded(value, 2)

// First: whoever starts cold has run nothing before. With a host a core, as a worker has them, and in one host.
const coldMs = async (hosts: number): Promise<number> => {
  const runs: number[] = []
  for (let run = 0; run < COLD_RUNS; run++) runs.push(await hundredColdMs(hosts))
  return Math.round(median(runs))
}
const cold = { all: await coldMs(availableParallelism()), one: await coldMs(1) }

const costs = new Map<string, Map<number, Cost>>()
for (const kind of KINDS)
  for (const jit of [false, true]) {
    // The numeric kind takes a hundred times as long; fewer of them say the same.
    const count = kind.name === 'numeric' ? Math.ceil(filters / 20) : filters
    const found = await costOf(kind, jit, count, SIZES)
    costs.set(`${kind.name}/${jit}`, found)
    const shown = [...found].map(([size, { cpuUs, wallUs }]) => `${size}: ${round(cpuUs)} CPU, ${round(wallUs)} wall`)
    console.error(
      `${kind.name}, ${jit ? 'JIT' : 'jitless'}, ${count} filters in turn, µs per record and filter by batch size: ${shown.join('; ')}`,
    )
  }
const ofKind = ({ name }: Kind): { jitless: number; jit: number } => {
  const at = (jit: boolean): number => round(costs.get(`${name}/${jit}`)?.get(256)?.cpuUs ?? NaN)
  return { jitless: at(false), jit: at(true) }
}
const [fieldTest, lightCurve, numeric] = KINDS as [Kind, Kind, Kind]
const plain = JSON.parse(
  execFileSync(process.execPath, ['--no-node-snapshot', join(import.meta.dirname, 'plain-node.ts')], {
    encoding: 'utf8',
  }),
) as Record<string, { direct: number; copied: number }>
const each = (value: 'direct' | 'copied'): Record<string, number> =>
  Object.fromEntries(Object.entries(plain).map(([name, cost]) => [name, round(cost[value])]))
// Without an engine the rest is measured all the same; the figures of containers are then null.
const python = await containerCosts(values.engine).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return undefined
})
if (python !== undefined)
  for (const name of ['numpy', 'plain', 'fields'] as const) {
    const { cpuUs, wallUs } = python[name]
    console.error(`Python, ${name}, µs per record and filter: ${round(cpuUs)} CPU, ${round(wallUs)} wall`)
  }
const memory: Record<string, number> = {}
for (const count of [1, 100, 200]) memory[count] = round(await memoryPerFilterMb(count, lightCurve, POINTS))

console.log(
  JSON.stringify({
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version },
    settings: { filters, batchRows: 256, pointsPerRecord: POINTS },
    isolateFieldTestUs: ofKind(fieldTest),
    isolateLightCurveUs: ofKind(lightCurve),
    isolateNumericUs: ofKind(numeric),
    containerBatchUs: python ? round(python.numpy.cpuUs) : null,
    containerFilterUs: python ? { fieldTest: round(python.fields.cpuUs), lightCurve: round(python.plain.cpuUs) } : null,
    containerFirstVerdictMs: python ? Math.round(python.firstVerdictMs) : null,
    structuredCopyUs: each('copied'),
    directCallUs: each('direct'),
    memoryMbPerFilter: memory,
    hundredIsolatesColdMs: cold.all,
    hundredIsolatesColdInOneHostMs: cold.one,
  }),
)
