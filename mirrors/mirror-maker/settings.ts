// What describes one MirrorMaker (one process for one node, or on each machine of a cell), and where its files lie. From these settings `write-files.ts` writes its configuration and
// `command.ts` makes its command line; `watch.ts` looks after the process.
import { join } from 'node:path'
import { type BrokerAccess, type Tls } from '#hub'
import { MirrorError } from '../errors.ts'

/** What one of three that copy together has besides: they share the tasks, and the two that are left take over those of one that is gone. */
interface MirrorMakerPeer {
  /** Of its machine, as its certificate has it: the other two reach its internal REST there. */
  readonly address: string
  /** Where it listens, an address of the machine; as `address` where absent. */
  readonly listen?: string
  /** What shows it to the others, as server and as client (`serverTls` with `peer`), and what it trusts. */
  readonly tls: Tls
  /** Its number among them, from 0: when nothing moves they restart one after the other. */
  readonly rank: number
}

export interface MirrorMakerSettings {
  /** The node: node1, node2, … A name without dots. */
  readonly name: string
  /** Everything of this process lies here; made with mode 0700. */
  readonly dir: string
  /** Folder of the Kafka jars. */
  readonly libs: string
  /** The hub, as this node's MirrorMaker user. */
  readonly hub: BrokerAccess
  /** The node's broker, as this node's MirrorMaker user. */
  readonly node: BrokerAccess
  /** Kafka Connect's internal REST, on loopback, and among peers on the machine's address: needed to fence the tasks of a process that is being replaced. */
  readonly restPort: number
  /** Exact names: alert topics and control topics. */
  readonly topics: readonly string[]
  /** Absent where it copies alone. */
  readonly peers?: MirrorMakerPeer
  /** Of the topics that it makes on the node; -1 is as many as the brokers make by default. Default 1. */
  readonly replicas?: number
  /** One task copies 1,100 packets of 110 KB a second. Default 2. */
  readonly tasks?: number
  /** Default 512. */
  readonly heapMb?: number
  /** Path of the java program; `java` by default. */
  readonly java?: string
}

/** What the node calls the hub in the names of its internal topics, groups and transactional ids. */
export const HUB_ALIAS = 'hub'
/** Kafka Connect's group, and the stem of every transactional id of its tasks. */
export const CONNECT_GROUP = `${HUB_ALIAS}-mm2`
/** Kafka Connect's topics on the node. */
export const CONNECT_TOPICS = {
  configs: `mm2-configs.${HUB_ALIAS}.internal`,
  offsets: `mm2-offsets.${HUB_ALIAS}.internal`,
  status: `mm2-status.${HUB_ALIAS}.internal`,
} as const

/** The user of a node's MirrorMaker, on the hub and on the node. */
export const mirrorMakerUser = (node: string): string => `skysieve-mm2-${node}`

/** The files of a MirrorMaker. */
export const mirrorMakerFiles = (dir: string) => ({
  properties: join(dir, 'mm2.properties'),
  /** The two passwords, read by Kafka's FileConfigProvider; so they are neither in argv nor in the node's config topic. */
  secrets: join(dir, 'secrets.properties'),
  logging: join(dir, 'log4j2.xml'),
  /** Key and certificates of its REST, among peers. */
  keystore: join(dir, 'rest.p12'),
  /** Warnings, errors and the beginning of replication, of this start only; followed by events-file.ts. */
  events: join(dir, 'events.log'),
})

/** What the process trusts of a side that speaks TLS, as PEM. */
export const trustFile = (dir: string, alias: string): string => join(dir, `${alias}-ca.pem`)

const SAFE_NAME = /^[a-z0-9][a-z0-9-]{0,48}$/
const SAFE_TOPIC = /^[A-Za-z0-9._-]{1,200}$/
const SAFE_SECRET = /^[A-Za-z0-9_-]{8,}$/
const SAFE_USER = /^[A-Za-z0-9_-]+$/
const SAFE_ADDRESS = /^[A-Za-z0-9.:-]{1,253}$/

/** Throws MirrorError MIRROR_MAKER_SETTING for what would break a properties file or a regular expression of Kafka's. */
export const checkSettings = ({ name, topics, hub, node, peers, tasks = 1 }: MirrorMakerSettings): void => {
  const refuse = (what: string): never => {
    throw new MirrorError('MIRROR_MAKER_SETTING', `MirrorMaker of ${name}: ${what}`)
  }
  if (!SAFE_NAME.test(name) || name === HUB_ALIAS) refuse('the name of a node is a-z, 0-9 and -, and not "hub"')
  if (topics.length === 0) refuse('there is no topic to copy')
  for (const topic of topics) if (!SAFE_TOPIC.test(topic)) refuse(`"${topic}" is no name of a topic`)
  for (const { user, password } of [hub, node])
    if (!SAFE_USER.test(user) || !SAFE_SECRET.test(password))
      refuse(`user "${user}": names and passwords are A-Z a-z 0-9 _ -, a password has 8 or more of them`)
  if (peers !== undefined && !SAFE_ADDRESS.test(peers.address)) refuse(`"${peers.address}" is no address`)
  if (!Number.isInteger(tasks) || tasks < 1) refuse(`tasks is a whole number from 1, not ${tasks}`)
}
