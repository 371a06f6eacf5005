// What every launcher does, whatever it starts: it holds its data directory, finds out what the machine has, keeps processes running, and stops them in order.
import { mkdirSync, readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { DeployError } from '../errors.ts'
import { CACHE_DIR } from '../paths.ts'
import { chooseEngine, type EngineChoice } from '../setup/docker-engine.ts'
import { type HeldLock, holdLock } from '../setup/held-lock.ts'
import { kafkaJarsIn } from '../setup/kafka-jars.ts'
import { searchPath } from '../setup/programs.ts'
import { type Dashboard, openDashboard, type Screen } from './dashboard.ts'
import { type MachineLayout, machineLayout } from './layout/machine-layout.ts'
import { type StartOptions } from './layout/options.ts'
import { writePrivate } from './layout/secrets.ts'
import { engineSupervisor, withinReach } from './services/docker-engine.ts'
import { upstreamSupervisor } from './services/upstream.ts'
import { stopOrder } from './stop-order.ts'
import { openClassArchives } from './supervise/java-class-archives.ts'
import { boundLog } from './supervise/log-file.ts'
import { Supervisor } from './supervise/supervisor.ts'

const LOG_CHECK_MS = 30_000
const ENGINE_STOP_MS = 7500
const UPSTREAM_STOP_MS = 5000
const UNSAFE =
  'WARNING: --unsafe-sandbox: filters run in plain processes without confinement. For development only; never for filters of others.'

/** One launcher for a data directory; its pid is noted for the message a second one gets. */
export const takeDataDir = async (dataDir: string): Promise<HeldLock> => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const pidFile = join(dataDir, 'launcher.pid')
  const lock = await holdLock(join(dataDir, 'launcher.lock'), { wait: false })
  if (lock === undefined) {
    const pid = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim() : 'unknown'
    throw new DeployError(
      'DEPLOY_DATA_DIR',
      `A system already runs from ${dataDir} (process ${pid}). Stop that one, or choose another --data-dir and --port-base.`,
    )
  }
  writePrivate(pidFile, `${process.pid}\n`)
  return lock
}

/** What the machine has for processes of ours; `engineOps` is the port of the engine's process. */
export const openMachine = async (
  options: StartOptions,
  env: NodeJS.ProcessEnv,
  engineOps: number,
): Promise<MachineLayout> => {
  mkdirSync(join(options.dataDir, 'logs'), { recursive: true, mode: 0o700 })
  const PATH = `${env['PATH'] ?? ''}:/usr/sbin:/sbin`
  return machineLayout(options, {
    env: { PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: env['HOME'] ?? '/', NODE_COMPILE_CACHE: join(CACHE_DIR, 'node') },
    archives: await openClassArchives(CACHE_DIR, kafkaJarsIn(CACHE_DIR)),
    engine: await engineFor(options, env),
    engineOps,
  })
}

const engineFor = async ({ python, engine, dataDir }: StartOptions, env: NodeJS.ProcessEnv): Promise<EngineChoice> => {
  if (!python) return { kind: 'none', why: 'it was started with --no-python' }
  const choice = await chooseEngine({ folders: searchPath(env['PATH']), env, configured: engine })
  return withinReach(choice, join(dataDir, 'engine'))
}

/** What is started works with these. */
export interface Launched {
  readonly supervisor: Supervisor
  /** Keeps the Docker engine. */
  readonly engine: Supervisor
  /** Keeps the process that takes surveys' streams in. */
  readonly upstream: Supervisor
  readonly dashboard: Dashboard
  readonly signal: AbortSignal
}

/**
 * Starts what `begin` starts, and keeps it running until the signal; then all of it is stopped. `afterwards` is what need not be ready for a start.
 * Throws what `begin` throws; nothing is left running.
 */
export const launch = async (
  machine: MachineLayout,
  screen: Screen,
  signal: AbortSignal,
  begin: (launched: Launched) => Promise<void>,
  afterwards: (launched: Launched) => Promise<void>,
): Promise<void> => {
  const dashboard = openDashboard(screen)
  const supervisor = new Supervisor(machine.dirs.logs, dashboard.event)
  const engine = engineSupervisor(machine, dashboard.event)
  const upstream = upstreamSupervisor(machine, dashboard.event)
  const launched = { supervisor, engine, upstream, dashboard, signal }
  const logs = setInterval(() => {
    for (const name of [...supervisor.names, ...engine.names, ...upstream.names]) boundLog(supervisor.logFile(name))
  }, LOG_CHECK_MS)
  try {
    await begin(launched)
    if (machine.host === 'unsafe') dashboard.note(UNSAFE)
    const after = [machine.archives.build(signal), afterwards(launched)]
    await aborted(signal)
    await Promise.all(after)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearInterval(logs)
    dashboard.note('Stopping …')
    const upstreamStopped = upstream.stop(upstream.names, UPSTREAM_STOP_MS)
    const [writers, ...others] = stopOrder(supervisor.names)
    if (writers !== undefined) await supervisor.stop(writers.names, writers.limitMs)
    await upstreamStopped
    // Those who had containers have removed them.
    const engineStopped = engine.stop(engine.names, ENGINE_STOP_MS)
    for (const { names, limitMs } of others) await supervisor.stop(names, limitMs)
    await engineStopped
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
