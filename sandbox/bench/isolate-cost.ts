// Cost of isolates: CPU and wall time per record and filter, memory per filter, start.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { type Batch } from '../columns/batch.ts'
import { type IsolateSandbox, openIsolateSandbox } from '../isolate/open-isolate-sandbox.ts'
import { type Program } from '../sandbox.ts'
import { median } from './figures.ts'
import { batchOfRows, type Kind, KINDS, programsOf } from './workload.ts'

const ROUND_MS = 1500
const TICK_MS = 10

async function withSandbox<T>(jit: boolean, use: (sandbox: IsolateSandbox) => Promise<T>, hosts = 1): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-bench-'))
  const sandbox = await openIsolateSandbox({
    dir,
    logger: pino({ level: 'error' }),
    defaults: { hosts, jit, memoryMb: 4096 },
  })
  try {
    return await use(sandbox)
  } finally {
    await sandbox.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function loadAll(sandbox: IsolateSandbox, programs: readonly Program[]): Promise<string[]> {
  const outcomes = await Promise.all(programs.map(program => sandbox.load(program)))
  const failed = outcomes.find(outcome => !outcome.ok)
  if (failed !== undefined) throw new Error(`a filter of the bench could not be loaded: ${JSON.stringify(failed)}`)
  return programs.map(({ id }) => id)
}

/** CPU time of a host, all threads. */
function hostCpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** The same of all hosts: slow filters have moved to one of their own. */
const allCpuMs = (sandbox: IsolateSandbox): number => sandbox.hostPids().reduce((sum, pid) => sum + hostCpuMs(pid), 0)

/** The host at work, and the spare, which is a host without filters. */
async function workingAndSpare(sandbox: IsolateSandbox): Promise<readonly [working: number, spare: number]> {
  for (;;) {
    const [working, spare] = sandbox.hostPids()
    if (working !== undefined && spare !== undefined) return [working, spare]
    await setTimeout(50)
  }
}

export interface Cost {
  readonly cpuUs: number
  readonly wallUs: number
}

/** Median wall time, and CPU time over the whole run, per record and filter. */
async function measure(sandbox: IsolateSandbox, batch: Batch, ids: readonly string[]): Promise<Cost> {
  // A filter that turns slow has moved after these.
  for (let i = 0; i < 3; i++) await sandbox.evaluate(batch, ids)
  const walls: number[] = []
  const cpuBefore = allCpuMs(sandbox)
  const start = performance.now()
  while (performance.now() - start < ROUND_MS || walls.length < 5) {
    const before = performance.now()
    await sandbox.evaluate(batch, ids)
    walls.push(performance.now() - before)
  }
  const evaluations = batch.rows * ids.length
  const wallMs = median(walls)
  const cpuMs = (allCpuMs(sandbox) - cpuBefore) / walls.length
  return { cpuUs: (cpuMs * 1000) / evaluations, wallUs: (wallMs * 1000) / evaluations }
}

/** Cost of one kind with `count` filters in turn, for several batch sizes. */
export const costOf = (kind: Kind, jit: boolean, count: number, sizes: readonly number[]): Promise<Map<number, Cost>> =>
  withSandbox(jit, async sandbox => {
    const ids = await loadAll(sandbox, programsOf(kind, count))
    const costs = new Map<number, Cost>()
    for (const size of sizes) costs.set(size, await measure(sandbox, batchOfRows(size), ids))
    return costs
  })

/** Milliseconds from nothing to the first verdicts of 100 filters, without JIT: opening, so many hosts, isolates, one batch. */
export async function hundredColdMs(hosts: number): Promise<number> {
  const programs = KINDS.flatMap(kind => programsOf(kind, 34)).slice(0, 100)
  const batch = batchOfRows(1)
  const start = performance.now()
  const use = async (sandbox: IsolateSandbox): Promise<number> => {
    await sandbox.evaluate(batch, await loadAll(sandbox, programs))
    return performance.now() - start
  }
  return withSandbox(false, use, hosts)
}

const residentMb = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024

/** Bytes of a mailbox that batches of this size touch. */
const touchedMb = ({ reads }: Kind, rows: number, points: number): number => {
  const listColumns = reads.lists.reduce((sum, list) => sum + list.columns.length, 0)
  return ((reads.columns.length + 3 + reads.lists.length * 2) * rows * 8 + listColumns * rows * points * 8) / 1_048_576
}

/** Memory of the host per filter beyond an empty host and beyond mailboxes, after batches have run. */
export const memoryPerFilterMb = (count: number, kind: Kind, points: number): Promise<number> =>
  withSandbox(false, async sandbox => {
    const rows = 256
    const batch = batchOfRows(rows)
    const [first, ...rest] = programsOf(kind, count + 1)
    // A spare is an empty host only until there are filters that it makes isolates for.
    if (first !== undefined) await loadAll(sandbox, [first])
    const emptyMb = residentMb((await workingAndSpare(sandbox))[1])
    const others = await loadAll(sandbox, rest)
    await sandbox.unload(first?.id ?? '')
    await sandbox.evaluate(batch, others.slice(0, 1))
    for (let i = 0; i < 5; i++) await sandbox.evaluate(batch, others)
    const [working] = await workingAndSpare(sandbox)
    return (residentMb(working) - emptyMb) / count - touchedMb(kind, rows, points)
  })
