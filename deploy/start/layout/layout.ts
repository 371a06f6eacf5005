// One system on one machine: its hub and its nodes, worked out once from the options.
import { ADMIN_USER, type BrokerSettings, type Tls } from '#hub'
import { type HubLayout, hubLayout } from './hub-layout.ts'
import { type MachineLayout } from './machine-layout.ts'
import { type Joined, keystoreFile, nodeDir, type NodeKafka, type NodeLayout, nodeLayout } from './node-layout.ts'
import { openNodeSecrets } from './node-secrets.ts'
import { type StartOptions } from './options.ts'
import { LOOPBACK, nodePorts } from './ports.ts'
import { type Secrets } from './secrets.ts'
import { alertTopicBytes, retentionOf } from './topic-bytes.ts'

export interface Layout {
  readonly options: StartOptions
  readonly machine: MachineLayout
  readonly hub: HubLayout
  readonly nodes: readonly NodeLayout[]
}

/**
 * Makes the secrets of nodes that have none yet. `tls` is of the hub's servers; undefined where they speak plain text. `kafka` is what the hub uses in
 * place of a broker of its own.
 */
export const layoutOf = (
  options: StartOptions,
  secrets: Secrets,
  machine: MachineLayout,
  tls: Tls | undefined,
  kafka?: NodeKafka,
): Layout => {
  const hub = hubLayout(options, secrets, tls, kafka)
  const nodes = Array.from({ length: options.nodes }, (_, at) => localNode(options, hub, at))
  return { options, machine, hub, nodes }
}

const nearHub = ({ ports, tls }: BrokerSettings, kafka: NodeKafka | undefined): Joined['hub'] => {
  if (kafka === undefined)
    return { bootstrap: `${LOOPBACK}:${ports.client}`, ...(tls === undefined ? {} : { ca: tls.ca }) }
  return { bootstrap: kafka.bootstrap, ...(kafka.ca === undefined ? {} : { ca: kafka.ca }) }
}

/** `node1`, `node2`, … beside the hub. */
const localNode = (
  options: StartOptions,
  { broker, kafka, registryUrl, secrets, outside }: HubLayout,
  at: number,
): NodeLayout => {
  const { dataDir, portBase, shards } = options
  const name = `node${at + 1}`
  const dir = nodeDir(dataDir, name)
  const { tls } = broker
  const own = ({ ca }: Tls): Tls => ({ ca, keystore: keystoreFile(dir) })
  return nodeLayout(
    {
      name,
      dir,
      ports: nodePorts(portBase, at + 1),
      secrets: openNodeSecrets(dir, secrets.users[ADMIN_USER]),
      shards,
      // Its ports may have changed since the node was told of them.
      near: {
        hub: nearHub(broker, kafka),
        registryUrl,
      },
      lists: at === 0 ? ['mirror-maker'] : [],
    },
    {
      retention: retentionOf(alertTopicBytes(options.alerts), options.partitions),
      tls: tls && own(tls),
      outside: outside && { reach: outside.reach, tls: own(outside.tls) },
    },
  )
}
