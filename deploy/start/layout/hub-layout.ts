// The hub's side of a started system: its broker, its services' ports and addresses, and the secrets that stay with it.
import { join } from 'node:path'
import { ADMIN_USER, type ArchiveSettings, type BrokerAccess, type BrokerSettings, type Tls } from '#hub'
import { CACHE_DIR } from '../../paths.ts'
import { kafkaJarsIn } from '../../setup/kafka-jars.ts'
import { accessAs } from './broker-access.ts'
import { REGISTRY_WRITER } from './kafka-users.ts'
import { kafkaAccess, type NodeKafka } from './node-layout.ts'
import { type StartOptions } from './options.ts'
import { hubPorts, LOOPBACK, outsidePort } from './ports.ts'
import { hostPort, outsideListener, type Reach, reachOf } from './reach.ts'
import { openSecretFile, passwordOf, type Secrets } from './secrets.ts'
import { alertTopicBytes, retentionOf } from './topic-bytes.ts'

export interface HubLayout {
  readonly options: StartOptions
  readonly secrets: Secrets
  readonly ports: ReturnType<typeof hubPorts>
  readonly broker: BrokerSettings
  /** A Kafka that is there already, which it uses in place of that broker. */
  readonly kafka?: NodeKafka
  readonly redisDir: string
  readonly registryUrl: string
  /** With user and password, for who puts schemas in. */
  readonly registryWriteUrl: string
  readonly apiUrl: string
  /** How other machines reach broker, registry and API, all over TLS; undefined where they do not. */
  readonly outside: HubOutside | undefined
  /** The authority that signs nodes' certificates; undefined where this system speaks plain text. */
  readonly authority: HubAuthority | undefined
  /** Where the archive is; undefined where none is kept. */
  readonly archive: ArchiveSettings | undefined
}

export interface HubAuthority {
  /** Where its key is. */
  readonly dir: string
  /** Its certificate, PEM. */
  readonly ca: string
  /** What the API shows the hub's process when it orders a certificate. */
  readonly secretFile: string
}

/** In the data directory. */
export const tlsDir = (dataDir: string): string => join(dataDir, 'tls')

interface HubOutside {
  readonly reach: Reach
  readonly tls: Tls
  /** `host:port` of the broker. */
  readonly bootstrap: string
  readonly registryUrl: string
  readonly apiUrl: string
}

const hubOutside = (reach: Reach, tls: Tls, ports: HubLayout['ports']): HubOutside => {
  const at = (port: number): string => hostPort(reach.advertise, outsidePort(port))
  return {
    reach,
    tls,
    bootstrap: at(ports.broker),
    registryUrl: `https://${at(ports.registry)}`,
    apiUrl: `https://${at(ports.api)}`,
  }
}

/** `tls` is there for other machines, or for loopback too. */
export const hubLayout = (
  options: StartOptions,
  secrets: Secrets,
  tls: Tls | undefined,
  kafka: NodeKafka | undefined,
): HubLayout => {
  const { dataDir, portBase } = options
  const ports = hubPorts(portBase)
  const registry = `${LOOPBACK}:${ports.registry}`
  const reach = reachOf(options)
  const outside = reach && tls && hubOutside(reach, tls, ports)
  return {
    options,
    secrets,
    ports,
    broker: {
      name: 'hub',
      dir: join(dataDir, 'hub'),
      libs: kafkaJarsIn(CACHE_DIR),
      ports: { client: ports.broker, controller: ports.controller },
      secrets: { admin: passwordOf(secrets, ADMIN_USER), broker: secrets.broker },
      retention: retentionOf(alertTopicBytes(options.alerts), options.partitions),
      ...(tls !== undefined && options.tls ? { tls } : {}),
      ...(outside === undefined ? {} : { outside: [outsideListener(outside.reach, ports.broker, outside.tls)] }),
    },
    ...(kafka === undefined ? {} : { kafka }),
    redisDir: join(dataDir, 'redis'),
    registryUrl: `http://${registry}`,
    registryWriteUrl: `http://${REGISTRY_WRITER}:${passwordOf(secrets, REGISTRY_WRITER)}@${registry}`,
    outside,
    authority: tls && {
      dir: tlsDir(dataDir),
      ca: tls.ca,
      secretFile: openSecretFile(join(tlsDir(dataDir), 'signing-secret')),
    },
    apiUrl: `http://${LOOPBACK}:${ports.api}`,
    archive: options.archive ? { dir: join(dataDir, 'archive'), store: { kind: options.archiveStore } } : undefined,
  }
}

/** How a user of the hub reaches its broker. */
export const hubAccess = (
  { broker, kafka, secrets }: Pick<HubLayout, 'broker' | 'kafka' | 'secrets'>,
  user: string,
): BrokerAccess => {
  const login = { user, password: passwordOf(secrets, user) }
  return kafka === undefined ? accessAs(broker, login) : kafkaAccess(kafka, login)
}
