// npm run chaos -- --cell [--visits 10] [--seed N] [--alerts 400]: the last line of output is the result as JSON; exit code 1 unless the audit is clean and
// each machine's shards were taken over in time. Runs in a network namespace of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOnItsOwn } from '../../checks/hosts.ts'
import { cellSummary, isCellSound } from './cell-summary.ts'
import { type CellRunOptions, runCell } from './run-cell.ts'

export interface CellChaosOptions extends Omit<CellRunOptions, 'dataDir'> {
  /** Kept after the run when it is given. */
  readonly dataDir: string | undefined
}

/** The same command once more, in a network namespace of its own; resolves to its exit code. */
const runOnItsOwn = async (): Promise<number> => {
  const again = ['--net', process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const child = spawn('unshare', again, { stdio: 'inherit' })
  // Ctrl-C reaches both.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill('SIGTERM'))
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

/** Resolves to the exit code. */
export const cellChaos = async (options: CellChaosOptions, signal: AbortSignal): Promise<number> => {
  if (!isOnItsOwn()) return runOnItsOwn()
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'skysieve-chaos-')))
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  try {
    const result = await runCell({ ...options, dataDir }, signal)
    const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`
    console.log(JSON.stringify({ ...cellSummary(result), seed: options.seed, alerts: options.alerts, machine }))
    return isCellSound(result) ? 0 : 1
  } finally {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 3 })
  }
}
