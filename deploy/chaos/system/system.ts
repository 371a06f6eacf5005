// The system a chaos run plays on: what `skysieve start` starts, kept by the same supervisor in this process, with a link to the hub for each node.
import { adminAccess, openAdmin, STREAMS } from '#hub'
import { hubTopics } from '../../start/access/hub-topics.ts'
import { engineProcess, engineSupervisor } from '../../start/services/docker-engine.ts'
import { checkPorts, LOOPBACK } from '../../start/layout/ports.ts'
import { type Layout } from '../../start/layout/layout.ts'
import { startOptions } from '../../start/layout/options.ts'
import { runPlan } from '../../start/run-plan.ts'
import { prepare } from '../../start/start-system.ts'
import { type ProcessEvent, Supervisor } from '../../start/supervise/supervisor.ts'
import { stopOrder } from '../../start/stop-order.ts'
import { systemPlan } from '../../start/system-plan.ts'
import { type Link, openLink } from './link.ts'
import { withQuickJava } from './quick-java.ts'

export interface SystemOptions {
  readonly dataDir: string
  readonly portBase: number
  /** The environment of what is started is made from it. */
  readonly env: NodeJS.ProcessEnv
  /** Alert topics keep eight visits of so many alerts: the audit reads all of them. */
  readonly keptAlerts: number
  /** Of each node. */
  readonly shards: number
  /** Whether Python filters run, where there is what they need. */
  readonly python: boolean
  /** What the hub's alert topic keeps, about; where absent, everything. */
  readonly hubBytes?: number
  readonly onEvent: (event: ProcessEvent) => void
  readonly note: (text: string) => void
}

export interface ChaosSystem {
  readonly layout: Layout
  readonly supervisor: Supervisor
  /** Keeps the Docker engine; undefined where Python filters do not run. */
  readonly engine: Supervisor | undefined
  /** Node → its way to the hub's broker: of MirrorMaker, and of what the worker reports. */
  readonly links: ReadonlyMap<string, Link>
  readonly stop: () => Promise<void>
}

const ENGINE_STOP_MS = 7500
/** Within a node's ten ports: the hub's listener for it, and its end of the link. */
const LISTENER = 8
const LINK = 9

/** The layout with a listener of the hub for each node, which tells its clients the address of the node's link. */
const withLinks = (
  layout: Layout,
  portBase: number,
): { layout: Layout; ports: readonly [near: number, far: number][] } => {
  const ports = layout.nodes.map((_, at): [number, number] => {
    const first = portBase + 10 * (at + 1)
    return [first + LINK, first + LISTENER]
  })
  const outside = ports.map(([near, far]) => ({ port: far, advertised: `${LOOPBACK}:${near}` }))
  const hub = { ...layout.hub, broker: { ...layout.hub.broker, outside } }
  const { registryUrl } = layout.hub
  const nodes = layout.nodes.map((node, at) => ({
    ...node,
    near: { hub: { bootstrap: `${LOOPBACK}:${ports[at]?.[0] ?? 0}` }, registryUrl },
  }))
  return { layout: { ...layout, hub, nodes }, ports }
}

/** Whole segments are deleted; a request has less than this for one partition. */
const SEGMENT_BYTES = 2 * 1024 * 1024
const RETENTION_CHECK_MS = 1000

/** The hub looks for what it need not keep every second. */
const withForgetfulHub = (layout: Layout): Layout => {
  const { broker } = layout.hub
  if (broker.retention === undefined) throw new TypeError('a started hub has its retention set')
  const retention = { ...broker.retention, checkMs: RETENTION_CHECK_MS }
  return { ...layout, hub: { ...layout.hub, broker: { ...broker, retention } } }
}

const forgetBeyond = async ({ hub, options }: Layout, bytes: number): Promise<void> => {
  const admin = openAdmin(adminAccess(hub.broker))
  try {
    const own = hubTopics(options, bytes).filter(({ name }) => name === STREAMS.lsst.topic)
    await admin.createTopics(
      own.map(topic => ({ ...topic, configs: { ...topic.configs, 'segment.bytes': SEGMENT_BYTES } })),
    )
  } finally {
    await admin.close()
  }
}

/** Starts it and resolves when everything is ready and the example filters are live. Throws DeployError; nothing is left running. */
export const startChaosSystem = async (options: SystemOptions, signal: AbortSignal): Promise<ChaosSystem> => {
  const { dataDir, portBase, env, keptAlerts, shards, python, hubBytes, onEvent, note } = options
  const argv = [
    '--data-dir',
    dataDir,
    '--port-base',
    String(portBase),
    '--alerts',
    String(keptAlerts),
    '--no-simulator',
    '--shards',
    String(shards),
    ...(python ? [] : ['--no-python']),
  ]
  const settings = startOptions(argv, process.cwd())
  if (settings === undefined) throw new TypeError('a chaos run asks for no help')
  await checkPorts(portBase, settings.nodes, settings.shards)
  const prepared = await prepare(settings, env)
  const quick = { ...prepared, machine: withQuickJava(prepared.machine) }
  const { layout, ports } = withLinks(hubBytes === undefined ? quick : withForgetfulHub(quick), portBase)
  const links = new Map<string, Link>()
  const supervisor = new Supervisor(layout.machine.dirs.logs, onEvent)
  const { engine: choice } = layout.machine.python
  const engine = choice.kind === 'none' ? undefined : engineSupervisor(layout.machine, onEvent)
  if (choice.kind === 'none') note(`no Python filters: ${choice.why}`)
  const stop = async (): Promise<void> => {
    for (const { names, limitMs } of stopOrder(supervisor.names)) await supervisor.stop(names, limitMs)
    // Those who had containers have removed them.
    await engine?.stop(engine.names, ENGINE_STOP_MS)
    for (const link of links.values()) await link.close()
  }
  try {
    for (const [at, { name }] of layout.nodes.entries()) {
      const [near, far] = ports[at] ?? [0, 0]
      links.set(name, await openLink(near, far))
    }
    await runPlan(systemPlan(layout, supervisor, note), signal)
    await engine?.start(engineProcess(layout.machine), signal)
    if (hubBytes !== undefined) await forgetBeyond(layout, hubBytes)
  } catch (error) {
    await stop()
    throw error
  }
  return { layout, supervisor, engine, links, stop }
}
