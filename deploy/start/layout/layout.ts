// One system on one machine: its folders, ports, brokers and names, worked out once from the options.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { ADMIN_USER, type ArchiveSettings, type BrokerSettings, type Tls } from '#hub'
import { CACHE_DIR } from '../../paths.ts'
import { type ClassArchives } from '../supervise/java-class-archives.ts'
import { type EngineChoice } from '../../setup/docker-engine.ts'
import { kafkaJarsIn } from '../../setup/kafka-jars.ts'
import { alertTopicBytes } from './topic-bytes.ts'
import { hubPorts, LOOPBACK, nodePorts } from './ports.ts'
import { type StartOptions } from './options.ts'
import { type Secrets } from './secrets.ts'
import { nodeNames, REGISTRY_WRITER } from './kafka-users.ts'

export interface NodeLayout {
  readonly name: string
  readonly ports: ReturnType<typeof nodePorts>
  readonly broker: BrokerSettings
  /** The hub's broker as this node reaches it. */
  readonly hub: BrokerSettings
  readonly shards: number
}

export interface Layout {
  readonly options: StartOptions
  readonly secrets: Secrets
  readonly ports: ReturnType<typeof hubPorts>
  readonly hub: BrokerSettings
  readonly nodes: readonly NodeLayout[]
  readonly dirs: { readonly redis: string; readonly logs: string; readonly config: string }
  readonly registryUrl: string
  /** With user and password, for who puts schemas in. */
  readonly registryWriteUrl: string
  readonly apiUrl: string
  /** What our children may know of the environment. */
  readonly env: Readonly<Record<string, string>>
  readonly archives: ClassArchives
  readonly python: PythonLayout
  /** Where the archive is; undefined where none is kept. */
  readonly archive: ArchiveSettings | undefined
  /** Of all brokers; undefined where they speak plain text. */
  readonly tls: Tls | undefined
}

/** Where Python filters run. */
export interface PythonLayout {
  readonly engine: EngineChoice
  /** The engine's directory. */
  readonly dir: string
  /** Tells this system's containers from others of the machine. */
  readonly label: string
}

const RETENTION_HOURS = 24

export const layoutOf = (
  options: StartOptions,
  secrets: Secrets,
  { env, archives, engine, tls }: Pick<Layout, 'env' | 'archives' | 'tls'> & Pick<PythonLayout, 'engine'>,
): Layout => {
  const { dataDir, portBase } = options
  const ports = hubPorts(portBase)
  const broker = (name: string, client: number, controller: number): BrokerSettings => ({
    name,
    dir: join(dataDir, name),
    libs: kafkaJarsIn(CACHE_DIR),
    ports: { client, controller },
    secrets: { admin: secrets.users[ADMIN_USER] ?? '', broker: secrets.broker },
    retention: {
      hours: RETENTION_HOURS,
      bytesPerPartition: Math.ceil(alertTopicBytes(options.alerts) / options.partitions),
    },
    ...(tls === undefined ? {} : { tls }),
  })
  const hub = broker('hub', ports.broker, ports.controller)
  return {
    options,
    secrets,
    ports,
    hub,
    nodes: nodeNames(options.nodes).map((name, at) => {
      const own = nodePorts(portBase, at + 1)
      return { name, ports: own, broker: broker(name, own.broker, own.controller), hub, shards: options.shards }
    }),
    dirs: { redis: join(dataDir, 'redis'), logs: join(dataDir, 'logs'), config: join(dataDir, 'config') },
    registryUrl: `http://${LOOPBACK}:${ports.registry}`,
    registryWriteUrl: `http://${REGISTRY_WRITER}:${secrets.users[REGISTRY_WRITER] ?? ''}@${LOOPBACK}:${ports.registry}`,
    apiUrl: `http://${LOOPBACK}:${ports.api}`,
    env,
    archives,
    tls,
    archive: options.archive ? { dir: join(dataDir, 'archive'), store: { kind: options.archiveStore } } : undefined,
    python: {
      engine,
      dir: join(dataDir, 'engine'),
      label: createHash('sha256').update(dataDir).digest('hex').slice(0, 12),
    },
  }
}
