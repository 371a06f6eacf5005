// The hub's side of a started system: its broker, its services' ports and addresses, and the secrets that stay with it.
import { join } from 'node:path'
import { ADMIN_USER, type ArchiveSettings, type BrokerAccess, type BrokerSettings, type Tls } from '#hub'
import { CACHE_DIR } from '../../paths.ts'
import { kafkaJarsIn } from '../../setup/kafka-jars.ts'
import { accessAs } from './broker-access.ts'
import { REGISTRY_WRITER } from './kafka-users.ts'
import { type StartOptions } from './options.ts'
import { hubPorts, LOOPBACK } from './ports.ts'
import { passwordOf, type Secrets } from './secrets.ts'
import { retentionOf } from './topic-bytes.ts'

export interface HubLayout {
  readonly options: StartOptions
  readonly secrets: Secrets
  readonly ports: ReturnType<typeof hubPorts>
  readonly broker: BrokerSettings
  readonly redisDir: string
  readonly registryUrl: string
  /** With user and password, for who puts schemas in. */
  readonly registryWriteUrl: string
  readonly apiUrl: string
  /** Where the archive is; undefined where none is kept. */
  readonly archive: ArchiveSettings | undefined
}

export const hubLayout = (options: StartOptions, secrets: Secrets, tls: Tls | undefined): HubLayout => {
  const { dataDir, portBase } = options
  const ports = hubPorts(portBase)
  const registry = `${LOOPBACK}:${ports.registry}`
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
      retention: retentionOf(options),
      ...(tls === undefined ? {} : { tls }),
    },
    redisDir: join(dataDir, 'redis'),
    registryUrl: `http://${registry}`,
    registryWriteUrl: `http://${REGISTRY_WRITER}:${passwordOf(secrets, REGISTRY_WRITER)}@${registry}`,
    apiUrl: `http://${LOOPBACK}:${ports.api}`,
    archive: options.archive ? { dir: join(dataDir, 'archive'), store: { kind: options.archiveStore } } : undefined,
  }
}

/** How a user of the hub reaches its broker. */
export const hubAccess = ({ broker, secrets }: Pick<HubLayout, 'broker' | 'secrets'>, user: string): BrokerAccess =>
  accessAs(broker, { user, password: passwordOf(secrets, user) })
