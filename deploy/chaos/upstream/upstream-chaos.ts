// npm run chaos -- --upstream [--visits 20] [--seed N] [--alerts 60]: the last line of output is the result as JSON; exit code 1 unless the hub has what the
// survey sent, each packet once and in order, and none is a dead letter.
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { freeBase } from '../../start/layout/ports.ts'
import { isUpstreamSound, runUpstream } from './run-upstream.ts'
import { openTakenStream } from './taken-stream.ts'
import { faultsFor } from './upstream-faults.ts'

export interface UpstreamChaosOptions {
  readonly visits: number
  readonly seed: number
  readonly alerts: number
  readonly portBase: number
  readonly print: (line: string) => void
}

/** Resolves to the exit code. */
export const upstreamChaos = async (options: UpstreamChaosOptions): Promise<number> => {
  const { visits, seed, alerts, print } = options
  const portBase = await freeBase(options.portBase - 100, 1)
  if (portBase === undefined) throw new RangeError(`no free ports from ${options.portBase} on`)
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-chaos-'))
  try {
    const taken = await openTakenStream(join(dir, '.skysieve'), portBase)
    try {
      const result = await runUpstream({ taken, faults: faultsFor(visits, seed), alerts, print })
      const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`
      console.log(JSON.stringify({ ...result, seed, alerts, machine }))
      return isUpstreamSound(result) ? 0 : 1
    } finally {
      await taken.close()
    }
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}
