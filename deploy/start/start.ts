// `skysieve start`: from the options to a running system, and to its end.
import { mkdirSync, readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { ADMIN_USER, serverTls } from '#hub'
import { DeployError } from '../errors.ts'
import { chooseEngine, type EngineChoice } from '../setup/docker-engine.ts'
import { kafkaJarsIn } from '../setup/kafka-jars.ts'
import { searchPath } from '../setup/programs.ts'
import { PURPOSES } from '../setup/purposes.ts'
import { setUp } from '../setup/set-up.ts'
import { openClassArchives } from './supervise/java-class-archives.ts'
import { openDashboard, welcome, type Screen } from './dashboard.ts'
import { engineSupervisor, withinReach } from './services/docker-engine.ts'
import { runUpstreams, upstreamSupervisor } from './services/upstream.ts'
import { holdLock, type HeldLock } from '../setup/held-lock.ts'
import { CACHE_DIR } from '../paths.ts'
import { layoutOf, type Layout } from './layout/layout.ts'
import { machineLayout } from './layout/machine-layout.ts'
import { boundLog } from './supervise/log-file.ts'
import { startOptions, START_USAGE, type StartOptions } from './layout/options.ts'
import { runPlan } from './run-plan.ts'
import { checkPorts, hubPorts } from './layout/ports.ts'
import { runPython } from './python-filters.ts'
import { openSecrets, registryTokenFile, writePrivate } from './layout/secrets.ts'
import { Supervisor } from './supervise/supervisor.ts'
import { stopOrder, systemPlan } from './system-plan.ts'
import { hubUsers, REGISTRY_WRITER } from './layout/kafka-users.ts'

const LOG_CHECK_MS = 30_000
const ENGINE_STOP_MS = 7500
const UPSTREAM_STOP_MS = 5000
/** By which clients on this machine reach its brokers. */
const TLS_HOSTS = ['127.0.0.1', 'localhost']
const UNSAFE =
  'WARNING: --unsafe-sandbox: filters run in plain processes without confinement. For development only; never for filters of others.'

export interface StartContext {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly screen: Screen
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
}

/** Runs a system until the signal; resolves to the exit code. Throws DeployError when it cannot start; nothing is left running. */
export const start = async ({ argv, cwd, env, screen, signal }: StartContext): Promise<number> => {
  const startedMs = performance.now()
  const options = startOptions(argv, cwd)
  if (options === undefined) {
    screen.write(`${START_USAGE}\n`)
    return 0
  }
  const parts = PURPOSES.start.filter(part => part !== 'engine' || options.python)
  await setUp({ parts, cacheDir: CACHE_DIR, env, print: line => screen.write(`${line}\n`) })
  const lock = await takeDataDir(options.dataDir)
  try {
    await checkPorts(options.portBase, options.nodes, options.shards)
    await runSystem(await prepare(options, env), screen, startedMs, signal)
    return 0
  } finally {
    await lock.release()
  }
}

/** One launcher for a data directory; its pid is noted for the message a second one gets. */
const takeDataDir = async (dataDir: string): Promise<HeldLock> => {
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

/** Makes secrets and folders of a system, where they are not there yet, and works out its layout. */
export const prepare = async (options: StartOptions, env: NodeJS.ProcessEnv): Promise<Layout> => {
  const secrets = openSecrets(options.dataDir, [ADMIN_USER, REGISTRY_WRITER, ...hubUsers(options.nodes)])
  writePrivate(tokenFile(options.dataDir), `${secrets.adminToken}\n`)
  writePrivate(registryTokenFile(options.dataDir), `${secrets.users[REGISTRY_WRITER] ?? ''}\n`)
  mkdirSync(join(options.dataDir, 'logs'), { recursive: true, mode: 0o700 })
  const PATH = `${env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const machine = machineLayout(options, {
    env: { PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: env['HOME'] ?? '/', NODE_COMPILE_CACHE: join(CACHE_DIR, 'node') },
    archives: await openClassArchives(CACHE_DIR, kafkaJarsIn(CACHE_DIR)),
    engine: await engineFor(options, env),
    engineOps: hubPorts(options.portBase).engineOps,
  })
  const tls = options.tls ? await serverTls(join(options.dataDir, 'tls'), 'brokers', TLS_HOSTS) : undefined
  return layoutOf(options, secrets, machine, tls)
}

const engineFor = async ({ python, engine, dataDir }: StartOptions, env: NodeJS.ProcessEnv): Promise<EngineChoice> => {
  if (!python) return { kind: 'none', why: 'it was started with --no-python' }
  const choice = await chooseEngine({ folders: searchPath(env['PATH']), env, configured: engine })
  return withinReach(choice, join(dataDir, 'engine'))
}

const tokenFile = (dataDir: string): string => join(dataDir, 'admin-token')

const runSystem = async (layout: Layout, screen: Screen, startedMs: number, signal: AbortSignal): Promise<void> => {
  const dashboard = openDashboard(screen)
  const { machine } = layout
  const supervisor = new Supervisor(machine.dirs.logs, dashboard.event)
  const engine = engineSupervisor(machine, dashboard.event)
  const upstream = upstreamSupervisor(machine, dashboard.event)
  const logs = setInterval(() => {
    for (const name of [...supervisor.names, ...engine.names, ...upstream.names]) boundLog(supervisor.logFile(name))
  }, LOG_CHECK_MS)
  try {
    await runPlan(systemPlan(layout, supervisor, dashboard.note), signal)
    dashboard.note(welcome({ ...describe(layout), startedInMs: performance.now() - startedMs }))
    if (layout.options.unsafeSandbox) dashboard.note(UNSAFE)
    const archives = machine.archives.build(signal)
    const python = runPython(layout, engine, dashboard, signal)
    const upstreams = runUpstreams(machine, layout.hub, upstream, dashboard.note, signal)
    await aborted(signal)
    await Promise.all([archives, python, upstreams])
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

const describe = ({ options, hub, nodes, machine: { python } }: Layout) => ({
  apiUrl: hub.apiUrl,
  hub: `127.0.0.1:${hub.broker.ports.client}`,
  nodes: nodes.map(({ broker }) => `127.0.0.1:${broker.ports.client}`),
  registry: hub.registryUrl,
  dataDir: options.dataDir,
  tokenFile: tokenFile(options.dataDir),
  playing: describePlaying(options),
  python:
    python.engine.kind === 'none'
      ? `filters do not run: ${python.engine.why}`
      : 'filters run in a moment, when their engine is up',
})

const describePlaying = ({ simulator, source, alerts, interval }: StartOptions): string => {
  if (!simulator) return 'nothing is played (--no-simulator)'
  return source === undefined
    ? `${alerts} synthetic alerts every ${interval} s`
    : `packets of ${source}, a visit every ${interval} s once the registry has their schemas`
}
