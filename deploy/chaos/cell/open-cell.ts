// A system whose only node is a cell, in network namespaces: the hub where this process is, three machines beside it. The node joins once for all three.
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type BrokerAccess, type BrokerSettings, adminAccess, serverTls } from '#hub'
import { type Host, openHosts } from '../../checks/hosts.ts'
import { CACHE_DIR } from '../../paths.ts'
import { kafkaJarsIn } from '../../setup/kafka-jars.ts'
import { hubPlan } from '../../start/hub-plan.ts'
import { joinLocally } from '../../start/join/join-local.ts'
import { machineFacts } from '../../start/join/machine-facts.ts'
import { type Layout } from '../../start/layout/layout.ts'
import { type NodeLayout } from '../../start/layout/node-layout.ts'
import { openNodeSecrets } from '../../start/layout/node-secrets.ts'
import { startOptions } from '../../start/layout/options.ts'
import { lonePorts, outsidePort } from '../../start/layout/ports.ts'
import { alertTopicBytes, retentionOf } from '../../start/layout/topic-bytes.ts'
import { runPlan } from '../../start/run-plan.ts'
import { prepare } from '../../start/start-system.ts'
import { stopOrder } from '../../start/stop-order.ts'
import { type ProcessEvent, Supervisor } from '../../start/supervise/supervisor.ts'
import { withQuickJava } from '../system/quick-java.ts'
import { type CellMachine, cellMachine } from './machine-process.ts'

export interface CellOptions {
  readonly dataDir: string
  readonly portBase: number
  readonly env: NodeJS.ProcessEnv
  /** Alert topics keep eight visits of so many alerts: the audit reads all of them. */
  readonly keptAlerts: number
  readonly onEvent: (event: ProcessEvent, machine?: string) => void
  readonly note: (text: string) => void
}

export interface CellSystem {
  /** Its one node is the cell, as its first machine has it. */
  readonly layout: Layout
  /** All three brokers, as the administrator. */
  readonly access: BrokerAccess
  readonly machines: readonly CellMachine[]
  readonly stop: () => Promise<void>
}

export const CELL = 'cell'
const MACHINES = 3
const MACHINE_PORTS = 21_000

/** 16 bytes as base64url that begin with no dash, as Kafka names clusters. */
const newClusterId = (): string => {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? newClusterId() : id
}

/** The layout whose hub other machines reach at this address. */
const reachedAt = (layout: Layout, address: string): { readonly layout: Layout; readonly bootstrap: string } => {
  const { hub } = layout
  const port = outsidePort(hub.ports.broker)
  const bootstrap = `${address}:${port}`
  const outside = [{ port, host: address, advertised: bootstrap }]
  return { layout: { ...layout, hub: { ...hub, broker: { ...hub.broker, outside } } }, bootstrap }
}

/** The node as each of its machines has it. */
const nodesOf = async (
  { dataDir, keptAlerts }: CellOptions,
  hosts: readonly Host[],
  hub: string,
  { partitions }: Layout['options'],
): Promise<readonly NodeLayout[]> => {
  const ports = lonePorts(MACHINE_PORTS)
  const voters = hosts.map(({ name, address }, at) => ({ id: at + 1, name, address }))
  const clusterId = newClusterId()
  const dirOf = (name: string): string => join(dataDir, name, CELL)
  const secrets = openNodeSecrets(dirOf('machine1'), undefined)
  const nodes: NodeLayout[] = []
  // One after the other: the first makes the authority.
  for (const { id, name, address } of voters) {
    const dir = dirOf(name)
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const tls = await serverTls(join(dataDir, 'cell-tls'), name, [address], 'peer')
    const broker: BrokerSettings = {
      name: CELL,
      dir,
      libs: kafkaJarsIn(CACHE_DIR),
      ports: { client: ports.broker, controller: ports.controller },
      secrets: { admin: secrets.admin, broker: secrets.broker },
      retention: retentionOf(alertTopicBytes(keptAlerts), partitions),
      cell: { id, voters, clusterId, port: outsidePort(ports.broker), tls },
    }
    nodes.push({
      name: CELL,
      dir,
      ports,
      secrets,
      broker,
      address: { host: voters[0]?.address ?? address, port: ports.broker },
      shards: MACHINES,
      workers: 1,
      near: { hub: { bootstrap: hub } },
      lists: [],
    })
  }
  return nodes
}

/** Starts it and resolves when everything is ready. This process is in a network namespace of its own. Throws DeployError; nothing is left running. */
export const openCell = async (options: CellOptions, signal: AbortSignal): Promise<CellSystem> => {
  const { dataDir, portBase, env, keptAlerts, onEvent, note } = options
  const argv = ['--data-dir', dataDir, '--port-base', String(portBase), '--alerts', String(keptAlerts)]
  const settings = startOptions([...argv, '--nodes', '1', '--no-simulator', '--no-python'], process.cwd())
  if (settings === undefined) throw new TypeError('a chaos run asks for no help')
  const network = openHosts()
  const started: CellMachine[] = []
  let supervisor: Supervisor | undefined
  const stop = async (): Promise<void> => {
    for (const machine of started) machine.mend()
    await Promise.all(started.map(machine => machine.stop()))
    for (const { names, limitMs } of stopOrder(supervisor?.names ?? [])) await supervisor?.stop(names, limitMs)
    network.close()
  }
  try {
    const own = network.attach()
    const prepared = await prepare(settings, env)
    const { layout: hubAlone, bootstrap } = reachedAt({ ...prepared, machine: withQuickJava(prepared.machine) }, own)
    const { machine, hub } = hubAlone
    const hosts = Array.from({ length: MACHINES }, (_, at) => network.add(`machine${at + 1}`))
    const nodes = await nodesOf(options, hosts, bootstrap, hubAlone.options)
    const [first] = nodes
    if (first === undefined) throw new TypeError('a cell has machines')
    supervisor = new Supervisor(machine.dirs.logs, event => onEvent(event))
    await runPlan(hubPlan({ machine, supervisor, note }, hub, []), signal)
    const identity = await joinLocally({
      dir: first.dir,
      name: CELL,
      apiUrl: hub.apiUrl,
      adminToken: hub.secrets.adminToken,
      address: first.address,
      shards: first.shards,
      facts: () => machineFacts(first.dir, false),
      note,
      signal,
    })
    for (const [at, host] of hosts.entries()) {
      const node = nodes[at] ?? first
      const plan = { dataDir: join(dataDir, host.name), node, identity }
      started.push(
        cellMachine(host, plan, line => {
          if ('event' in line) onEvent(line.event, host.name)
          if ('note' in line) note(`${host.name}: ${line.note}`)
        }),
      )
    }
    await Promise.all(started.map(one => one.start()))
    return {
      layout: { ...hubAlone, nodes: [first] },
      access: adminAccess(first.broker),
      machines: started,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
