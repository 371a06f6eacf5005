// The worker processes of a node: what each is told.
import { WORKER_NODE_FLAGS } from '#filters'
import { PACKET_ENV } from '#hub'
import { type MachineLayout } from '../layout/machine-layout.ts'
import { accessOf, type Joined, type NodeLayout } from '../layout/node-layout.ts'
import { ownProcess } from './own-process.ts'
import { sandboxSettings } from './sandbox-settings.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'

/** As many as the node has shards: each runs one, and another's when that one dies. */
export const workerProcesses = (machine: MachineLayout, node: NodeLayout, joined: Joined): readonly ProcessSpec[] =>
  workerNames(node).map((name, at) =>
    workerProcess(machine, node, joined, { name, opsPort: node.ports.workerOps + at }),
  )

export const workerNames = ({ name, shards }: Pick<NodeLayout, 'name' | 'shards'>): readonly string[] =>
  Array.from({ length: shards }, (_, at) => (at === 0 ? `${name}-worker` : `${name}-worker-${at + 1}`))

export const isWorker = (name: string): boolean => /-worker(-\d+)?$/.test(name)

const workerProcess = (
  machine: MachineLayout,
  node: NodeLayout,
  joined: Joined,
  own: { readonly name: string; readonly opsPort: number },
): ProcessSpec =>
  ownProcess(machine, {
    ...own,
    kind: 'worker',
    env: PACKET_ENV,
    nodeFlags: WORKER_NODE_FLAGS,
    settings: dir => {
      const { node: local, hub } = accessOf(node, joined, 'worker')
      const { registryUrl } = node.near ?? joined
      return {
        ...sandboxSettings(machine),
        mirror: node.name,
        shards: node.shards,
        local,
        hub,
        ...(registryUrl === undefined ? {} : { registryUrl }),
        metricsTokenSha256: joined.metricsTokenSha256,
        opsPort: own.opsPort,
        dataDir: dir,
      }
    },
  })
