// What a platform of many nodes needs, from what one alert costs where it was measured. Pure. README.md, next to the bench, has the assumptions.

/** What one alert costs, as measured; µs are of CPU. */
export interface Measured {
  readonly bytesPerAlert: number
  /** On the hub, whoever reads it. */
  readonly hubCpuUsPerAlert: number
  /** On the hub, for each node that mirrors. */
  readonly hubCpuUsPerAlertAndNode: number
  /** On a node: its broker and MirrorMaker. */
  readonly nodeCpuUsPerAlert: number
  /** In each shard of a node, which reads and decodes all alerts, before any filter. */
  readonly shardCpuUsPerAlert: number
  readonly cpuUsPerAlertAndFilter: number
  readonly memoryBytesPerNode: number
  readonly memoryBytesPerFilter: number
  /** From a packet's being sent into the hub to its being readable on a node. */
  readonly hopSeconds: number
}

export interface Machine {
  readonly cores: number
  readonly memoryBytes: number
  /** In each direction. */
  readonly linkGbit: number
}

export interface Platform {
  readonly filters: number
  readonly alertsPerVisit: number
  readonly visitSeconds: number
  /** One broker of the hub. */
  readonly hub: Machine
  readonly node: Machine
  /** Share of cores, memory and link that is planned with; the rest is for bursts and for catching up. */
  readonly use: number
  /** Copies that the hub keeps of each packet, on as many brokers. */
  readonly replication: number
  /** Nodes that one node serves at the most, where there is a second tier. */
  readonly fanOut: number
  /** Packets that a filter delivers in a visit, and how many read them. */
  readonly cap: number
  readonly readersPerFilter: number
}

type Resource = 'cpu' | 'memory' | 'link'

export interface HubNeeds {
  readonly egressGbit: number
  readonly cores: number
  readonly brokers: number
}

export interface NodeCapacity extends Readonly<Record<Resource, number>> {
  /** The least of the three, and which it is. */
  readonly most: number
  readonly binds: Resource
}

export interface SecondTier {
  /** Nodes that mirror from the hub; all others mirror from one of these. */
  readonly relays: number
  readonly hub: HubNeeds
  /** In place of the cores that serving others takes from filters. */
  readonly addedNodes: number
  /** Brokers of the hub that it saves, less the nodes that it adds. */
  readonly savedMachines: number
  readonly addedSeconds: number
}

interface Simulated {
  readonly nodes: number
  readonly hub: HubNeeds
  readonly carriesAllFilters: boolean
  readonly filtersPerNode: number
  /** Undefined where a node can serve no other. */
  readonly secondTier: SecondTier | undefined
  /** For one filter and visit: its evaluation, and its share of what bringing the stream to all nodes takes. */
  readonly coreSecondsPerFilter: { readonly evaluation: number; readonly stream: number }
}

export interface Simulation {
  readonly capacity: NodeCapacity
  /** Undefined where a node carries no filter. */
  readonly nodesForAllFilters: number | undefined
  /** From so many nodes on a second tier takes fewer machines; undefined where it does not up to `MOST_NODES`. */
  readonly secondTierPaysFrom: number | undefined
  readonly byNodes: readonly Simulated[]
}

export const MOST_NODES = 10_000
const US = 1e6
const BITS_PER_GBIT = 1e9
const CORES_PER_SHARD = 2

const alertsPerSecond = ({ alertsPerVisit, visitSeconds }: Platform): number => alertsPerVisit / visitSeconds
const gbit = (bytesPerSecond: number): number => (bytesPerSecond * 8) / BITS_PER_GBIT
const streamGbit = (measured: Measured, platform: Platform): number =>
  gbit(alertsPerSecond(platform) * measured.bytesPerAlert)
/** A node has a shard for every two cores. */
const shardsOf = ({ cores }: Machine): number => Math.max(1, Math.floor(cores / CORES_PER_SHARD))
const nodeUs = (measured: Measured, { node }: Platform): number =>
  measured.nodeCpuUsPerAlert + shardsOf(node) * measured.shardCpuUsPerAlert
const hubUs = (measured: Measured, { replication }: Platform, readers: number): number =>
  replication * measured.hubCpuUsPerAlert + (readers + replication - 1) * measured.hubCpuUsPerAlertAndNode
/** How many fit; all where one takes nothing. */
const fitting = (room: number, each: number): number =>
  room <= 0 ? 0 : each === 0 ? Infinity : Math.floor(room / each)

/** What the hub needs for so many that read the whole stream from it; its own copies are read as by readers. */
export function hubNeeds(measured: Measured, platform: Platform, readers: number): HubNeeds {
  const { hub, use, replication } = platform
  const egressGbit = streamGbit(measured, platform) * (readers + replication - 1)
  const cores = (alertsPerSecond(platform) * hubUs(measured, platform, readers)) / US
  const brokers = Math.max(
    replication,
    Math.ceil(egressGbit / (hub.linkGbit * use)),
    Math.ceil(cores / (hub.cores * use)),
  )
  return { egressGbit, cores, brokers }
}

/** Filters that a node carries beside its copy of the stream. */
export function nodeCapacity(measured: Measured, platform: Platform): NodeCapacity {
  const { node, use, cap, readersPerFilter, visitSeconds } = platform
  const perSecond = alertsPerSecond(platform)
  const takesStream = streamGbit(measured, platform) <= node.linkGbit * use
  const deliveredGbit = gbit((cap * readersPerFilter * measured.bytesPerAlert) / visitSeconds)
  const room: Record<Resource, number> = {
    cpu: fitting(
      node.cores * use - (perSecond * nodeUs(measured, platform)) / US,
      (perSecond * measured.cpuUsPerAlertAndFilter) / US,
    ),
    memory: fitting(node.memoryBytes * use - measured.memoryBytesPerNode, measured.memoryBytesPerFilter),
    link: takesStream ? fitting(node.linkGbit * use, deliveredGbit) : 0,
  }
  const most = Math.min(room.cpu, room.memory, room.link)
  const binds = (['cpu', 'memory', 'link'] as const).find(resource => room[resource] === most) ?? 'cpu'
  return { ...room, most, binds }
}

/** Some nodes mirror from the hub and serve the others; undefined where a node has no cores or no link left to serve one. */
export function secondTier(measured: Measured, platform: Platform, nodes: number): SecondTier | undefined {
  const { node, use, fanOut } = platform
  const perSecond = alertsPerSecond(platform)
  const coresLeft = node.cores * use - (perSecond * nodeUs(measured, platform)) / US
  const coresToServe = (perSecond * measured.hubCpuUsPerAlertAndNode) / US
  const served = Math.min(
    fanOut,
    fitting(coresLeft, coresToServe),
    fitting(node.linkGbit * use, streamGbit(measured, platform)),
  )
  if (served < 1 || coresLeft <= 0) return undefined
  const relays = Math.ceil(nodes / (served + 1))
  const hub = hubNeeds(measured, platform, relays)
  const addedNodes = Math.ceil(((nodes - relays) * coresToServe) / coresLeft)
  const savedMachines = hubNeeds(measured, platform, nodes).brokers - hub.brokers - addedNodes
  return { relays, hub, addedNodes, savedMachines, addedSeconds: measured.hopSeconds }
}

function secondTierPaysFrom(measured: Measured, platform: Platform): number | undefined {
  let nodes = MOST_NODES
  while (nodes > 0 && (secondTier(measured, platform, nodes)?.savedMachines ?? 0) > 0) nodes--
  return nodes === MOST_NODES ? undefined : nodes + 1
}

/** For each number of nodes; filters are spread evenly. */
export function simulate(measured: Measured, platform: Platform, nodeCounts: readonly number[]): Simulation {
  const { filters, alertsPerVisit } = platform
  const capacity = nodeCapacity(measured, platform)
  return {
    capacity,
    nodesForAllFilters: capacity.most === 0 ? undefined : Math.max(1, Math.ceil(filters / capacity.most)),
    secondTierPaysFrom: secondTierPaysFrom(measured, platform),
    byNodes: nodeCounts.map(nodes => ({
      nodes,
      hub: hubNeeds(measured, platform, nodes),
      filtersPerNode: Math.ceil(filters / nodes),
      carriesAllFilters: Math.ceil(filters / nodes) <= capacity.most,
      secondTier: secondTier(measured, platform, nodes),
      coreSecondsPerFilter: {
        evaluation: (alertsPerVisit * measured.cpuUsPerAlertAndFilter) / US,
        // Whoever serves a node takes the same CPU for it, so that tiers change nothing here.
        stream:
          (alertsPerVisit * (hubUs(measured, platform, nodes) + nodes * nodeUs(measured, platform))) / US / filters,
      },
    })),
  }
}
