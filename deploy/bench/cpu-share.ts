// Cores that each process of a system takes, from /proc.
import { cpuSeconds, descendants } from '#filters'
import { confinedBelow } from '../chaos/faults/process-tree.ts'
import { isWorker } from '../start/services/workers.ts'
import { type Supervisor } from '../start/supervise/supervisor.ts'

export type CpuSeconds = ReadonlyMap<string, number>

const below = (pid: number): number => [pid, ...descendants(pid)].reduce((sum, one) => sum + cpuSeconds(one), 0)

/** CPU seconds so far, by name; a worker's isolate hosts apart. `others` are processes besides the supervised ones. */
export function cpuOf(supervisor: Supervisor, others: Readonly<Record<string, number | undefined>>): CpuSeconds {
  const seconds = new Map<string, number>()
  for (const name of supervisor.names) {
    const pid = supervisor.pid(name)
    if (pid === undefined) continue
    const hosts = isWorker(name) ? confinedBelow(pid).reduce((sum, host) => sum + cpuSeconds(host), 0) : 0
    seconds.set(name, below(pid) - hosts)
    if (hosts > 0) seconds.set(`${name}-hosts`, hosts)
  }
  for (const [name, pid] of Object.entries(others)) if (pid !== undefined) seconds.set(name, below(pid))
  return seconds
}

/** Cores between two looks. */
export const shares = (before: CpuSeconds, after: CpuSeconds, seconds: number): Record<string, number> =>
  Object.fromEntries(
    [...after].map(([name, cpu]) => [name, Math.round(((cpu - (before.get(name) ?? 0)) / seconds) * 1000) / 1000]),
  )
