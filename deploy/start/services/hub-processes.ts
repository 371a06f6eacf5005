// The settings of the hub's own processes in a started system: its address, its user, and nothing it does not need.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { languagesThatRun } from '#filters'
import { adminAccess, type ArchiveSettings, type BrokerSettings, PACKET_ENV } from '#hub'
import { hubAccess, type HubAuthority, type HubLayout } from '../layout/hub-layout.ts'
import { type MachineLayout } from '../layout/machine-layout.ts'
import { type NodeLayout } from '../layout/node-layout.ts'
import { LOOPBACK, outsidePort } from '../layout/ports.ts'
import { passwordOf, registryTokenFile } from '../layout/secrets.ts'
import { nodeDiskBytes } from '../layout/topic-bytes.ts'
import { ownProcess } from './own-process.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'
import { reportWaiting } from './report-waiting.ts'
import { sandboxSettings } from './sandbox-settings.ts'
import { API_USER, ARCHIVER_USER, HUB_USER, REGISTRY_WRITER, SIMULATOR_USER } from '../layout/kafka-users.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Where other machines reach what listens at `port` on loopback. */
const outsideSettings = ({ outside }: HubLayout, port: number) =>
  outside === undefined
    ? {}
    : { outside: { host: outside.reach.listen, port: outsidePort(port), keystore: outside.tls.keystore } }

/** The hub's process compares; it need not know the secret. */
const signingSettings = ({ dir, secretFile }: HubAuthority) => ({
  dir,
  secretSha256: sha256(readFileSync(secretFile, 'utf8').trim()),
})

export const hubProcess = (machine: MachineLayout, hub: HubLayout): ProcessSpec =>
  ownProcess(machine, {
    name: 'hub',
    kind: 'hub',
    opsPort: hub.ports.hubOps,
    settings: () => ({
      kafka: hubAccess(hub, HUB_USER),
      registryPort: hub.ports.registry,
      ...outsideSettings(hub, hub.ports.registry),
      ...(hub.authority === undefined ? {} : { authority: signingSettings(hub.authority) }),
      registryTokenSha256: sha256(passwordOf(hub.secrets, REGISTRY_WRITER)),
      opsPort: hub.ports.hubOps,
    }),
  })

/** Whoever compares need not know the token. */
const adminTokenSha256 = ({ secrets }: Pick<HubLayout, 'secrets'>): string => sha256(secrets.adminToken)

const languageSettings = ({ python: { engine } }: MachineLayout) =>
  engine.kind === 'none' ? { pythonMissing: engine.why } : { languages: languagesThatRun(true) }

/** Of a broker on this machine. */
const nearAccess = (broker: BrokerSettings) => {
  const { bootstrap, ca } = adminAccess(broker)
  return { bootstrap, ...(ca === undefined ? {} : { ca }) }
}

export const apiProcess = (machine: MachineLayout, hub: HubLayout, nodes: readonly NodeLayout[]): ProcessSpec => {
  const { outside, authority } = hub
  return ownProcess(machine, {
    name: 'api',
    kind: 'api',
    opsPort: hub.ports.apiOps,
    env: PACKET_ENV,
    settings: dir => ({
      ...sandboxSettings(machine),
      port: hub.ports.api,
      opsPort: hub.ports.apiOps,
      hub: hubAccess(hub, API_USER),
      ...outsideSettings(hub, hub.ports.api),
      near: Object.fromEntries(nodes.map(({ name, broker }) => [name, nearAccess(broker)])),
      // A Kafka of somebody else's has one address for everybody.
      ...(outside === undefined || hub.kafka !== undefined
        ? {}
        : { hubOutside: { bootstrap: outside.bootstrap, ca: outside.tls.ca } }),
      ...(authority === undefined
        ? {}
        : { authority: { port: hub.ports.hubOps, secretFile: authority.secretFile, ca: authority.ca } }),
      redis: { host: LOOPBACK, port: hub.ports.redis, password: hub.secrets.redis },
      adminTokenSha256: adminTokenSha256(hub),
      platformKey: hub.secrets.platformKey,
      dataDir: dir,
      ...(hub.archive === undefined ? {} : { archive: hub.archive }),
      settings: {
        ...(hub.options.profile === 'integration'
          ? { integration: { alerts: hub.options.alerts, seed: INTEGRATION_SEED } }
          : {}),
        url: hub.apiUrl,
        registryUrl: hub.registryUrl,
        ...(outside === undefined ? {} : { outside: { url: outside.apiUrl, registryUrl: outside.registryUrl } }),
        nodeDiskBytes: nodeDiskBytes(hub.options),
        moves: hub.options.moves,
        ...languageSettings(machine),
      },
    }),
  })
}

export const archiverProcess = (machine: MachineLayout, hub: HubLayout, archive: ArchiveSettings): ProcessSpec =>
  ownProcess(machine, {
    name: 'archiver',
    kind: 'archiver',
    opsPort: hub.ports.archiverOps,
    env: PACKET_ENV,
    settings: () => ({
      hub: hubAccess(hub, ARCHIVER_USER),
      registryUrl: hub.registryWriteUrl,
      opsPort: hub.ports.archiverOps,
      archive,
      maxGb: hub.options.archiveGb,
    }),
  })

/** Of the visit that is played over and over. */
const INTEGRATION_SEED = 1

/** Of a folder of real packets; the token stays in its file. */
const schemaCommand = ({ registryUrl, options: { dataDir } }: HubLayout): string => {
  const { protocol, host } = new URL(registryUrl)
  const token = `SKYSIEVE_REGISTRY_TOKEN=$(cat ${registryTokenFile(dataDir)})`
  return `${token} npx skysieve schema sync DIR --registry ${protocol}//${REGISTRY_WRITER}@${host}`
}

export const simulatorProcess = (machine: MachineLayout, hub: HubLayout, note: (text: string) => void): ProcessSpec => {
  const { alerts, interval, visits, source, profile } = hub.options
  const opsPort = hub.ports.simulatorOps
  return ownProcess(machine, {
    name: 'simulator',
    kind: 'simulator',
    opsPort,
    ...(source === undefined
      ? {}
      : { watch: ({ signal }) => void reportWaiting({ name: 'simulator', opsPort, note, signal }) }),
    settings: dir => ({
      hub: hubAccess(hub, SIMULATOR_USER),
      registryUrl: hub.registryWriteUrl,
      opsPort,
      dataDir: dir,
      alerts,
      ...(profile === 'integration' ? { repeat: true, seed: INTEGRATION_SEED } : {}),
      intervalS: interval,
      ...(visits === undefined ? {} : { visits }),
      ...(source === undefined ? {} : { source, schemaCommand: schemaCommand(hub) }),
    }),
  })
}
