// A node: its folder, ports, broker and own secrets, which it needs nobody for; and what it is told when it joins.
import { join } from 'node:path'
import { type BrokerAccess, type BrokerSettings, type Tls } from '#hub'
import { workerUser } from '#filters'
import { type AlertTopic, mirrorMakerUser } from '#mirrors'
import { CACHE_DIR } from '../../paths.ts'
import { kafkaJarsIn } from '../../setup/kafka-jars.ts'
import { type JavaProgram } from '../supervise/java-class-archives.ts'
import { accessAs, type Login } from './broker-access.ts'
import { type NodeSecrets } from './node-secrets.ts'
import { type nodePorts } from './ports.ts'

export interface NodeLayout {
  readonly name: string
  /** Everything of it lies here, what its broker keeps too. */
  readonly dir: string
  readonly ports: ReturnType<typeof nodePorts>
  readonly secrets: NodeSecrets
  readonly broker: BrokerSettings
  readonly shards: number
  /** How it reaches the hub, where that is otherwise than it is told: beside it, or over a link that can be cut. */
  readonly near?: Pick<Joined, 'hub' | 'registryUrl'>
  /** Of which Java programs this node's lists the classes, for the archives that shorten later starts: one of a kind on a machine does. */
  readonly lists: readonly JavaProgram[]
}

/** What a node knows of its hub: how it reaches it, the two users that it has there, and what its own broker shall have. */
export interface Joined {
  readonly hub: { readonly bootstrap: string; readonly ca?: string }
  readonly registryUrl?: string
  readonly hubUsers: { readonly mirrorMaker: Login; readonly worker: Login }
  /** Of the API, on the node's broker. */
  readonly apiUser: Login
  /** As they were on the hub when it joined. */
  readonly alertTopics: readonly AlertTopic[]
  /** SHA-256 in hex of the token with which /metrics tells filters apart. */
  readonly metricsTokenSha256: string
}

export const nodeLayout = (
  node: Pick<NodeLayout, 'name' | 'ports' | 'secrets' | 'shards' | 'lists'>,
  { dataDir, retention, tls }: Pick<BrokerSettings, 'retention'> & { readonly dataDir: string; readonly tls?: Tls },
): NodeLayout => {
  const { name, ports, secrets } = node
  const dir = nodeDir(dataDir, name)
  const broker: BrokerSettings = {
    name,
    dir,
    libs: kafkaJarsIn(CACHE_DIR),
    ports: { client: ports.broker, controller: ports.controller },
    secrets: { admin: secrets.admin, broker: secrets.broker },
    ...(retention === undefined ? {} : { retention }),
    ...(tls === undefined ? {} : { tls }),
  }
  return { ...node, dir, broker }
}

export const nodeDir = (dataDir: string, name: string): string => join(dataDir, name)

/** The parts of a node that work with its broker and with the hub, each as a user of its own on either. */
export type NodePart = 'mirrorMaker' | 'worker'

/** How a part of a node reaches the node's broker, and the hub's. */
export const accessOf = (
  { name, broker, secrets, near }: NodeLayout,
  { hub, hubUsers }: Pick<Joined, 'hub' | 'hubUsers'>,
  part: NodePart,
): { readonly node: BrokerAccess; readonly hub: BrokerAccess } => {
  const user = part === 'worker' ? workerUser(name) : mirrorMakerUser(name)
  return {
    node: accessAs(broker, { user, password: secrets[part] }),
    hub: { ...(near?.hub ?? hub), ...hubUsers[part] },
  }
}
