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

/** A worker process for each, and a port for each of those between the node's others. */
export const MAX_SHARDS = 4

/** Every port of a system with the name of its user, for messages. */
export const allPorts = (
  base: number,
  nodes: number,
  shards: number,
): readonly (readonly [name: string, port: number])[] => [
  ...Object.entries(hubPorts(base)).map(([name, port]) => [name, port] as const),
  ...Array.from({ length: nodes }, (_, at) => at + 1).flatMap(index => {
    const ports = nodePorts(base, index)
    const more = Array.from(
      { length: shards - 1 },
      (_, at) => [`workerOps${at + 2}`, ports.workerOps + at + 1] as const,
    )
    return [...Object.entries(ports), ...more].map(([name, port]) => [`node${index} ${name}`, port] as const)
  }),
]

/** Throws DeployError DEPLOY_PORT_IN_USE that names every taken port and a base that is free. */
export const checkPorts = async (base: number, nodes: number, shards: number): Promise<void> => {
  const taken = await takenPorts(base, nodes, shards)
  if (taken.length === 0) return
  const free = await freeBase(base, nodes, shards)
  const list = taken.map(([name, port]) => `${port} (${name})`).join(', ')
  const advice = free === undefined ? '--port-base PORT' : `--port-base ${free}`
  throw new DeployError(
    'DEPLOY_PORT_IN_USE',
    `In use on ${LOOPBACK} by another program: port ${list}. Nothing was started. End that program, or choose other ports with ${advice}.`,
  )
}

const takenPorts = async (base: number, nodes: number, shards: number) => {
  const ports = allPorts(base, nodes, shards)
  const free = await Promise.all(ports.map(([, port]) => isFree(port)))
  return ports.filter((_, at) => free[at] !== true)
}

const STEP = 100
const TRIES = 20

/** The next base above `base`, in steps of a hundred, whose ports are all free. */
export const freeBase = async (base: number, nodes: number, shards = MAX_SHARDS): Promise<number | undefined> => {
  for (let tried = 1; tried <= TRIES; tried++) {
    const next = base + tried * STEP
    if (next <= 65_400 && (await takenPorts(next, nodes, shards)).length === 0) return next
  }
  return undefined
}

const isFree = (port: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ host: LOOPBACK, port, exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}
