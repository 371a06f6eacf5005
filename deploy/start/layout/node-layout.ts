// A node: its folder, ports, broker and own secrets, which it needs nobody for; and what it is told when it joins.
import { join } from 'node:path'
import { peerName } from '#api'
import { type BrokerAccess, type BrokerSettings, type Tls } from '#hub'
import { workerUser } from '#filters'
import { type AlertTopic, mirrorMakerUser } from '#mirrors'
import { CACHE_DIR } from '../../paths.ts'
import { kafkaJarsIn } from '../../setup/kafka-jars.ts'
import { type JavaProgram } from '../supervise/java-class-archives.ts'
import { accessAs, type Login } from './broker-access.ts'
import { type NodeSecrets } from './node-secrets.ts'
import { cellPorts, LOOPBACK, type nodePorts, outsidePort } from './ports.ts'
import { outsideListener, type Reach } from './reach.ts'

export interface NodeLayout {
  readonly name: string
  /** Everything of it lies here, what its broker keeps too. */
  readonly dir: string
  readonly ports: ReturnType<typeof nodePorts>
  readonly secrets: NodeSecrets
  readonly broker: BrokerSettings
  /** A Kafka that is there already, which it uses in place of that broker. */
  readonly kafka?: NodeKafka
  /** Where the API and subscribers reach its broker. */
  readonly address: { readonly host: string; readonly port: number }
  readonly shards: number
  /** Worker processes on this machine, where they are not as many as shards: the others of a cell have some too. */
  readonly workers?: number
  /** How it reaches the hub, where that is otherwise than it is told: beside it, or over a link that can be cut. */
  readonly near?: Pick<Joined, 'hub' | 'registryUrl'>
  /** Of which Java programs this node's lists the classes, for the archives that shorten later starts: one of a kind on a machine does. */
  readonly lists: readonly JavaProgram[]
}

/** A Kafka that is somebody else's, for one node: where it is, as whom it is administered, and what its operator has made there. */
export interface NodeKafka {
  /** `host:port[,host:port]`. */
  readonly bootstrap: string
  /** What its clients trust, PEM; absent where it speaks plain text. */
  readonly ca?: string
  readonly admin: Login
  readonly replicationFactor?: number
  /** Where this node makes none. */
  readonly users?: { readonly mirrorMaker: Login; readonly worker: Login; readonly api: Login }
}

/** What a node knows of its hub: how it reaches it, the two users that it has there, and what its own broker shall have. */
export interface Joined {
  readonly hub: { readonly bootstrap: string; readonly ca?: string }
  readonly registryUrl?: string
  readonly hubUsers: { readonly mirrorMaker: Login; readonly worker: Login }
  /** Where its workers report on the hub; absent where it is of a former version. */
  readonly statusTopic?: string
  /** Of the API, on the node's broker. */
  readonly apiUser: Login
  /** As they were on the hub when it joined. */
  readonly alertTopics: readonly AlertTopic[]
  /** SHA-256 in hex of the token with which /metrics tells filters apart. */
  readonly metricsTokenSha256: string
}

export interface NodeBroker extends Pick<BrokerSettings, 'retention'> {
  /** Of the listener on loopback; undefined where that speaks plain text. */
  readonly tls: Tls | undefined
  /** How other machines reach it, over TLS, if they do. */
  readonly outside: { readonly reach: Reach; readonly tls: Tls } | undefined
  /** Of a machine that stands in for two others: its broker is one of three, and listens at the address of its reach alone. */
  readonly cell?: CellPlace
}

/** A machine among the three of a cell. */
interface CellPlace {
  readonly machine: number
  readonly clusterId: string
  readonly machines: readonly { readonly machine: number; readonly host: string }[]
}

/** The whole layout of a node, from what is its own and how its broker shall be. */
export const nodeLayout = (
  node: Omit<NodeLayout, 'broker' | 'address'>,
  { retention, tls, outside, cell }: NodeBroker,
): NodeLayout => {
  const { name, dir, ports, secrets } = node
  const common = {
    name,
    dir,
    libs: kafkaJarsIn(CACHE_DIR),
    secrets: { admin: secrets.admin, broker: secrets.broker },
    ...(retention === undefined ? {} : { retention }),
  }
  const broker: BrokerSettings =
    cell !== undefined && outside !== undefined
      ? { ...common, ...oneOfThree(name, cell, outside, ports) }
      : {
          ...common,
          ports: { client: ports.broker, controller: ports.controller },
          ...(tls === undefined ? {} : { tls }),
          ...(outside === undefined ? {} : { outside: [outsideListener(outside.reach, ports.broker, outside.tls)] }),
        }
  const address = node.kafka === undefined ? ownAddress(ports, outside) : addressOf(node.kafka)
  // Its MirrorMakers ask each other, and listen where the other parts that do.
  const own = cell === undefined ? ports : { ...ports, mirrorMaker: cellPorts(ports).mirrorMaker }
  return { ...node, ports: own, broker, address }
}

/** A broker whose clients, its machine's own too, reach all three at the addresses of their machines: any of them may lead what they ask for. */
const oneOfThree = (
  name: string,
  { machine, clusterId, machines }: CellPlace,
  { reach, tls }: NonNullable<NodeBroker['outside']>,
  ports: NodeLayout['ports'],
): Pick<BrokerSettings, 'ports' | 'host' | 'tls' | 'cell'> => {
  const { client, controller, broker } = cellPorts(ports)
  const voters = machines.map(one => ({ id: one.machine, name: peerName(name, one.machine), address: one.host }))
  return {
    ports: { client, controller },
    host: reach.listen,
    tls,
    cell: { id: machine, voters, clusterId, port: broker, tls },
  }
}

const ownAddress = (ports: NodeLayout['ports'], outside: NodeBroker['outside']): NodeLayout['address'] =>
  outside === undefined
    ? { host: LOOPBACK, port: ports.broker }
    : { host: outside.reach.advertise, port: outsidePort(ports.broker) }

/** Of the first of its brokers. */
export const addressOf = ({ bootstrap }: Pick<NodeKafka, 'bootstrap'>): NodeLayout['address'] => {
  const [host = '', port] = bootstrap.split(',', 1)[0]?.split(':') ?? []
  return { host, port: Number(port) }
}

/** Of a node beside the hub. */
export const nodeDir = (dataDir: string, name: string): string => join(dataDir, name)

/** Where the broker's key and certificate are, which its join brings. */
export const keystoreFile = (dir: string): string => join(dir, 'broker.pem')

/** The certificate of the hub's authority. */
export const caFile = (dir: string): string => join(dir, 'ca.pem')

/** How a user reaches a Kafka that is there already. */
export const kafkaAccess = ({ bootstrap, ca }: NodeKafka, login: Login): BrokerAccess => ({
  bootstrap,
  ...login,
  ...(ca === undefined ? {} : { ca }),
})

/** The parts of a node that work with its broker and with the hub, each as a user of its own on either. */
export type NodePart = 'mirrorMaker' | 'worker'

/** How a part of a node reaches the node's broker, and the hub's. */
export const accessOf = (
  { name, broker, secrets, near, kafka }: NodeLayout,
  { hub, hubUsers }: Pick<Joined, 'hub' | 'hubUsers'>,
  part: NodePart,
): { readonly node: BrokerAccess; readonly hub: BrokerAccess } => {
  const own = { user: part === 'worker' ? workerUser(name) : mirrorMakerUser(name), password: secrets[part] }
  const login = kafka?.users?.[part] ?? own
  return {
    node: kafka === undefined ? accessAs(broker, login) : kafkaAccess(kafka, login),
    hub: { ...(near?.hub ?? hub), ...hubUsers[part] },
  }
}
