// npm run chaos -- --nodes [--seed N] [--visits V] [--filters 100]: the last line of output is the result as JSON; exit code 1 unless all is as it should be.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isNodesRunSound, runNodes } from './run-nodes.ts'

export interface NodesChaosOptions {
  readonly visits: number
  readonly seed: number
  readonly alerts: number
  readonly filters: number
  readonly intervalSeconds: number
  /** Kept after the run; a temporary one when absent. */
  readonly dir: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly print: (line: string) => void
}

const FOLLOWED = 6
const CUT_SECONDS = 60
/** A visit's packets are 35 s apart at most, of visits 9 s from one another. */
const MOVES = { finishMinutes: 2, lateMinutes: 1 }

/** Resolves to the exit code. */
export const nodesChaos = async ({ dir: kept, ...options }: NodesChaosOptions): Promise<number> => {
  const dir = kept ?? (await mkdtemp(join(tmpdir(), 'skysieve-chaos-')))
  await mkdir(dir, { recursive: true, mode: 0o700 })
  try {
    const run = await runNodes({
      ...options,
      followed: FOLLOWED,
      cutSeconds: CUT_SECONDS,
      moves: MOVES,
      dir,
    })
    const { problems: _problems, ...figures } = run
    const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`
    const { seed, alerts, intervalSeconds } = options
    console.log(JSON.stringify({ ...figures, seed, alerts, intervalSeconds, machine }))
    return isNodesRunSound(run) ? 0 : 1
  } finally {
    if (kept === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}
