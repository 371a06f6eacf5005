// The worker processes of a node: what each is told.
import { WORKER_NODE_FLAGS } from '#filters'
import { PACKET_ENV } from '#hub'
import { type MachineLayout } from '../layout/machine-layout.ts'
import { accessOf, caFile, type Joined, type NodeLayout } from '../layout/node-layout.ts'
import { ownProcess } from './own-process.ts'
import { sandboxSettings } from './sandbox-settings.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'

/** As many as the node has shards, or its part on this machine: each runs one, and another's when that one dies. */
export const workerNames = ({
  name,
  shards,
  workers = shards,
}: Pick<NodeLayout, 'name' | 'shards' | 'workers'>): readonly string[] =>
  Array.from({ length: workers }, (_, at) => (at === 0 ? `${name}-worker` : `${name}-worker-${at + 1}`))

export const isWorker = (name: string): boolean => /-worker(-\d+)?$/.test(name)

/** The one of `workerNames` at this place. */
export const workerProcess = (machine: MachineLayout, node: NodeLayout, joined: Joined, at: number): ProcessSpec => {
  const opsPort = node.ports.workerOps + at
  const { node: local, hub } = accessOf(node, joined, 'worker')
  const { registryUrl } = node.near ?? joined
  return ownProcess(machine, {
    name: workerNames(node)[at] ?? node.name,
    kind: 'worker',
    opsPort,
    env: {
      ...PACKET_ENV,
      // For the registry of a hub on another machine.
      ...(registryUrl?.startsWith('https:') === true ? { NODE_EXTRA_CA_CERTS: caFile(node.dir) } : {}),
    },
    nodeFlags: WORKER_NODE_FLAGS,
    settings: dir => ({
      ...sandboxSettings(machine),
      mirror: node.name,
      ...(node.broker.cell === undefined ? {} : { machine: node.broker.cell.id }),
      shards: node.shards,
      local,
      hub,
      ...(joined.statusTopic === undefined ? {} : { statusTopic: joined.statusTopic }),
      ...(registryUrl === undefined ? {} : { registryUrl }),
      metricsTokenSha256: joined.metricsTokenSha256,
      opsPort,
      dataDir: dir,
    }),
  })
}
