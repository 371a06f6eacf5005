// Which port each part listens on, and whether they are free before anything starts.
import { createServer } from 'node:net'
import { DeployError } from '../../errors.ts'

export const LOOPBACK = '127.0.0.1'

/** The ports of one system, counted from its base. */
export const hubPorts = (base: number) =>
  ({
    broker: base,
    controller: base + 1,
    registry: base + 2,
    hubOps: base + 3,
    redis: base + 4,
    api: base + 5,
    apiOps: base + 6,
    simulatorOps: base + 7,
    engineOps: base + 8,
    archiverOps: base + 9,
    // Behind those of the ninth node.
    upstreamOps: base + 99,
  }) as const

/** The ports of node `index` (from 1). */
export const nodePorts = (base: number, index: number) =>
  ({
    broker: base + 10 * index,
    controller: base + 10 * index + 1,
    mirrorMaker: base + 10 * index + 2,
    workerOps: base + 10 * index + 3,
  }) as const

/** The port at which other machines reach what listens at `port` on loopback. */
export const outsidePort = (port: number): number => port + 100

/** A worker process for each, and a port for each of those between the node's others. */
export const MAX_SHARDS = 4
/** Of three machines with as many. */
export const CELL_SHARDS = 3 * MAX_SHARDS

/** Where other machines reach the parts of a machine that stands in for two others: clients its broker, and these each other. */
export const cellPorts = ({ broker, controller, mirrorMaker, workerOps }: ReturnType<typeof nodePorts>) =>
  ({
    client: outsidePort(broker),
    controller: outsidePort(controller),
    mirrorMaker: outsidePort(mirrorMaker),
    // Nobody else has that one: workers are asked on loopback only.
    broker: outsidePort(workerOps),
  }) as const

/** A port with the name of its user, for messages; on loopback, or where other machines reach it. */
type NamedPort = readonly [name: string, port: number, host?: string]

const shardPorts = (first: number, shards: number): readonly NamedPort[] =>
  Array.from({ length: shards - 1 }, (_, at) => [`workerOps${at + 2}`, first + at + 1] as const)

/** With `listen`, what other machines reach of these is listened to there too. */
const withOutside = (
  ports: Readonly<Record<string, number>>,
  open: readonly string[],
  listen: string | undefined,
): readonly NamedPort[] => [
  ...Object.entries(ports),
  ...(listen === undefined ? [] : open).flatMap(name => {
    const port = ports[name]
    return port === undefined ? [] : ([[`${name} for other machines`, outsidePort(port), listen]] as NamedPort[])
  }),
]

/** Every port of a hub and its nodes. */
export const allPorts = (base: number, nodes: number, shards: number, listen?: string): readonly NamedPort[] => [
  ...withOutside(hubPorts(base), ['broker', 'registry', 'api'], listen),
  ...Array.from({ length: nodes }, (_, at) => at + 1).flatMap(index => {
    const ports = nodePorts(base, index)
    const own = [...withOutside(ports, ['broker'], listen), ...shardPorts(ports.workerOps, shards)]
    return own.map(([name, ...where]): NamedPort => [`node${index} ${name}`, ...where])
  }),
]

/** Of a node alone on its machine: as a hub would have them. */
export const lonePorts = (base: number) => ({ ...nodePorts(base, 0), engineOps: hubPorts(base).engineOps }) as const

/** Throws DeployError DEPLOY_PORT_IN_USE that names every taken port and a base that is free, DEPLOY_OPTION for an address that is not this machine's. */
export const checkPorts = (base: number, nodes: number, shards: number, listen?: string): Promise<void> =>
  demandFree(base, at => allPorts(at, nodes, shards, listen))

/** The same for a node alone. */
export const checkLonePorts = (base: number, shards: number, listen?: string): Promise<void> =>
  demandFree(base, at => {
    const ports = lonePorts(at)
    return [...withOutside(ports, ['broker'], listen), ...shardPorts(ports.workerOps, shards)]
  })

type PortsAt = (base: number) => readonly NamedPort[]

const demandFree = async (base: number, portsAt: PortsAt): Promise<void> => {
  const taken = await takenPorts(portsAt(base))
  if (taken.length === 0) return
  const free = await freeOf(base, portsAt)
  const list = taken.map(([name, port]) => `${port} (${name})`).join(', ')
  const advice = free === undefined ? '--port-base PORT' : `--port-base ${free}`
  throw new DeployError(
    'DEPLOY_PORT_IN_USE',
    `In use by another program: port ${list}. Nothing was started. End that program, or choose other ports with ${advice}.`,
  )
}

const takenPorts = async (ports: readonly NamedPort[]): Promise<readonly NamedPort[]> => {
  const free = await Promise.all(ports.map(([, port, host]) => isFree(port, host)))
  return ports.filter((_, at) => free[at] !== true)
}

const STEP = 100
const TRIES = 20
const HIGHEST_BASE = 65_300

const freeOf = async (base: number, portsAt: PortsAt): Promise<number | undefined> => {
  for (let tried = 1; tried <= TRIES; tried++) {
    const next = base + tried * STEP
    if (next <= HIGHEST_BASE && (await takenPorts(portsAt(next))).length === 0) return next
  }
  return undefined
}

/** The next base above `base`, in steps of a hundred, whose ports are all free. */
export const freeBase = (base: number, nodes: number, shards = MAX_SHARDS): Promise<number | undefined> =>
  freeOf(base, at => allPorts(at, nodes, shards))

const isFree = (port: number, host = LOOPBACK): Promise<boolean> => {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', error => {
    if ('code' in error && error.code === 'EADDRNOTAVAIL')
      reject(
        new DeployError(
          'DEPLOY_OPTION',
          `--listen ${host}: this machine has no such address, so nothing was started. Give one that it has (\`ip address\` lists them), or 0.0.0.0 for all of them.`,
        ),
      )
    else resolve(false)
  })
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}
