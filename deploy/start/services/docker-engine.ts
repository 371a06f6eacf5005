// The Docker engine of a system as a supervised process, and what the others are told about it.
import { MAX_DIR_LENGTH, readySocket } from '../../processes/engine/engine-paths.ts'
import { type EngineChoice } from '../../setup/docker-engine.ts'
import { afterDeath } from '../supervise/back-off.ts'
import { CACHE_DIR } from '../../paths.ts'
import { type MachineLayout } from '../layout/machine-layout.ts'
import { ownProcess } from './own-process.ts'
import { type ProcessEvent, type ProcessSpec, Supervisor } from '../supervise/supervisor.ts'

/** The first time, its image may have to be put together from downloads. */
const READY_LIMIT_MS = 30 * 60_000

/** What there is for Python, given the directory its engine would have: a long one is too long for sockets. */
export const withinReach = (engine: EngineChoice, dir: string): EngineChoice => {
  if (engine.kind !== 'own' || dir.length <= MAX_DIR_LENGTH) return engine
  const why = `the path ${dir} is too long for the sockets of a Docker engine (${MAX_DIR_LENGTH} characters): choose a shorter --data-dir`
  return { kind: 'none', why }
}

/** What a process of ours is told about containers; undefined where there are none. */
export const containerSettings = ({ python: { engine, dir, label } }: MachineLayout) =>
  engine.kind === 'none' ? undefined : { engine: readySocket(dir), label, imageCache: CACHE_DIR }

export const engineProcess = (machine: MachineLayout): ProcessSpec => {
  const { engine, dir, label, opsPort } = machine.python
  return ownProcess(machine, {
    name: 'engine',
    kind: 'engine',
    opsPort,
    readyMs: READY_LIMIT_MS,
    // Containers outlive their engine: it is told of our end, and ends them.
    atLauncherDeath: 'TERM',
    settings: () => ({
      dir,
      label,
      cacheDir: CACHE_DIR,
      opsPort,
      ...(engine.kind === 'machine' ? { socket: engine.socket } : {}),
      ...(engine.kind === 'own' ? { program: engine.program } : {}),
    }),
  })
}

/** Keeps the engine of a system. One that cannot be started at first is given up, and everything else goes on without. */
export const engineSupervisor = ({ dirs }: MachineLayout, report: (event: ProcessEvent) => void): Supervisor =>
  new Supervisor(dirs.logs, report, deaths => ({ ...afterDeath(deaths), keepsDying: true }))
