// One system on one machine: its hub and its nodes, worked out once from the options.
import { ADMIN_USER, type Tls } from '#hub'
import { type HubLayout, hubLayout } from './hub-layout.ts'
import { nodeNames } from './kafka-users.ts'
import { type MachineLayout } from './machine-layout.ts'
import { nodeDir, type NodeLayout, nodeLayout } from './node-layout.ts'
import { openNodeSecrets } from './node-secrets.ts'
import { type StartOptions } from './options.ts'
import { nodePorts } from './ports.ts'
import { type Secrets } from './secrets.ts'
import { retentionOf } from './topic-bytes.ts'

export interface Layout {
  readonly options: StartOptions
  readonly machine: MachineLayout
  readonly hub: HubLayout
  readonly nodes: readonly NodeLayout[]
}

/** Makes the secrets of nodes that have none yet. `tls` is of all brokers; undefined where they speak plain text. */
export const layoutOf = (
  options: StartOptions,
  secrets: Secrets,
  machine: MachineLayout,
  tls: Tls | undefined,
): Layout => {
  const { dataDir, portBase, shards } = options
  const place = { dataDir, retention: retentionOf(options), ...(tls === undefined ? {} : { tls }) }
  const nodes = nodeNames(options.nodes).map((name, at) =>
    nodeLayout(
      {
        name,
        ports: nodePorts(portBase, at + 1),
        secrets: openNodeSecrets(nodeDir(dataDir, name), secrets.users[ADMIN_USER]),
        shards,
        lists: at === 0 ? ['mirror-maker'] : [],
      },
      place,
    ),
  )
  return { options, machine, hub: hubLayout(options, secrets, tls), nodes }
}
