// Does to a running system what the plan of faults says. Victims are chosen by the process ids the supervisor knows, never by name.
import { setTimeout as sleep } from 'node:timers/promises'
import { workerNames } from '../../start/services/workers.ts'
import { type Fault } from './fault-plan.ts'
import { confinedBelow } from './process-tree.ts'
import { type ChaosSystem } from '../system/system.ts'

/** A fault as it happened, in milliseconds since 1970. */
export interface InjectedFault {
  readonly action: Fault['action']
  readonly target: string
  readonly atMs: number
  /** When it was taken back; the moment itself for a kill. */
  readonly liftedMs: number
}

/** Of a node's workers, and of their hosts, one is chosen. */
const OF_WORKERS = /^(?<node>.+)-(?<part>worker|host)$/
const LINK = /^(?<node>.+)-link$/
/** A process that is being started again has no id for a moment. */
const VICTIM_LIMIT_MS = 60_000
const PAUSE_MS = 100

const victimOf = async ({ layout, supervisor, engine }: ChaosSystem, { target, pick }: Fault): Promise<number> => {
  const { node, part } = OF_WORKERS.exec(target)?.groups ?? {}
  const workers = layout.nodes.filter(({ name }) => name === node).flatMap(workerNames)
  const names = part === undefined ? [target] : workers
  const deadline = performance.now() + VICTIM_LIMIT_MS
  while (performance.now() < deadline) {
    const pids = names.flatMap(name => supervisor.pid(name) ?? engine?.pid(name) ?? [])
    const candidates = part === 'host' ? pids.flatMap(confinedBelow) : pids
    const victim = candidates[Math.floor(pick * candidates.length)]
    if (victim !== undefined) return victim
    await sleep(PAUSE_MS)
  }
  throw new Error(`${target} has no process for ${VICTIM_LIMIT_MS / 1000} s`)
}

/** One that has ended meanwhile needs no signal. */
const signalTo = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Strikes once and takes it back when its time is over. Throws when the target has no process. */
const injectFault = async (system: ChaosSystem, fault: Fault): Promise<InjectedFault> => {
  const { action, target, forMs } = fault
  const link = system.links.get(LINK.exec(target)?.groups?.['node'] ?? '')
  if (link !== undefined) {
    const atMs = Date.now()
    if (action === 'cut') link.cut()
    else link.hang()
    await sleep(forMs)
    link.mend()
    return { action, target, atMs, liftedMs: Date.now() }
  }
  const pid = await victimOf(system, fault)
  const atMs = Date.now()
  signalTo(pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP')
  if (action === 'kill') return { action, target, atMs, liftedMs: atMs }
  await sleep(forMs)
  signalTo(pid, 'SIGCONT')
  return { action, target, atMs, liftedMs: Date.now() }
}

/** Strikes at the times of the plan, counted from now; resolves when the last one is over. */
export const injectFaults = async (
  system: ChaosSystem,
  faults: readonly Fault[],
  onStrike: (fault: Fault) => void,
  signal: AbortSignal,
): Promise<readonly InjectedFault[]> =>
  Promise.all(
    faults.map(async fault => {
      await sleep(fault.atMs, undefined, { signal })
      onStrike(fault)
      return injectFault(system, fault)
    }),
  )
