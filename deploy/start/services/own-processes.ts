// The settings of each process of ours in a started system: its address, its user, and nothing it does not need.
import { createHash } from 'node:crypto'
import { type Language, WORKER_NODE_FLAGS, workerUser } from '#filters'
import { type ArchiveSettings, PACKET_ENV } from '#hub'
import { accessOf } from '../layout/broker-access.ts'
import { containerSettings } from './docker-engine.ts'
import { type Layout, type NodeLayout } from '../layout/layout.ts'
import { type StartOptions } from '../layout/options.ts'
import { LOOPBACK } from '../layout/ports.ts'
import { registryTokenFile } from '../layout/secrets.ts'
import { ownProcess } from './own-process.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'
import { reportWaiting } from './report-waiting.ts'
import { API_USER, ARCHIVER_USER, HUB_USER, REGISTRY_WRITER, SIMULATOR_USER } from '../layout/kafka-users.ts'

export const hubProcess = (layout: Layout): ProcessSpec =>
  ownProcess(layout, {
    name: 'hub',
    kind: 'hub',
    opsPort: layout.ports.hubOps,
    settings: () => ({
      kafka: accessOf(layout.hub, layout.secrets, HUB_USER),
      registryPort: layout.ports.registry,
      registryTokenSha256: createHash('sha256')
        .update(layout.secrets.users[REGISTRY_WRITER] ?? '')
        .digest('hex'),
      opsPort: layout.ports.hubOps,
    }),
  })

const adminTokenSha256 = ({ secrets }: Layout): string => createHash('sha256').update(secrets.adminToken).digest('hex')

const hostSetting = ({ unsafeSandbox, isolateHost }: StartOptions) => {
  const host = unsafeSandbox ? 'unsafe' : isolateHost
  return host === undefined ? {} : { host }
}

/** What worker and API are told about the sandbox. */
const sandboxSettings = (layout: Layout) => ({
  sandbox: hostSetting(layout.options),
  containers: containerSettings(layout),
})

/** As many as the node has shards: each runs one, and another's when that one dies. */
export const workerProcesses = (layout: Layout, node: NodeLayout): readonly ProcessSpec[] =>
  workerNames(node).map((name, at) => workerProcess(layout, node, name, node.ports.workerOps + at))

export const workerNames = ({ name, shards }: Pick<NodeLayout, 'name' | 'shards'>): readonly string[] =>
  Array.from({ length: shards }, (_, at) => (at === 0 ? `${name}-worker` : `${name}-worker-${at + 1}`))

export const isWorker = (name: string): boolean => /-worker(-\d+)?$/.test(name)

const workerProcess = (
  layout: Layout,
  { name, broker, hub, shards }: NodeLayout,
  processName: string,
  opsPort: number,
): ProcessSpec =>
  ownProcess(layout, {
    name: processName,
    kind: 'worker',
    opsPort,
    env: PACKET_ENV,
    nodeFlags: WORKER_NODE_FLAGS,
    settings: dir => ({
      ...sandboxSettings(layout),
      mirror: name,
      shards,
      local: accessOf(broker, layout.secrets, workerUser(name)),
      hub: accessOf(hub, layout.secrets, workerUser(name)),
      registryUrl: layout.registryUrl,
      metricsTokenSha256: adminTokenSha256(layout),
      opsPort,
      dataDir: dir,
    }),
  })

const languageSettings = ({ python: { engine } }: Layout) =>
  engine.kind === 'none'
    ? { pythonMissing: engine.why }
    : { languages: ['javascript', 'typescript', 'python'] satisfies Language[] }

export const apiProcess = (layout: Layout): ProcessSpec =>
  ownProcess(layout, {
    name: 'api',
    kind: 'api',
    opsPort: layout.ports.apiOps,
    env: PACKET_ENV,
    settings: dir => ({
      ...sandboxSettings(layout),
      port: layout.ports.api,
      opsPort: layout.ports.apiOps,
      hub: accessOf(layout.hub, layout.secrets, API_USER),
      mirrors: layout.nodes.map(({ name, broker }) => ({ name, access: accessOf(broker, layout.secrets, API_USER) })),
      redis: { host: LOOPBACK, port: layout.ports.redis, password: layout.secrets.redis },
      // The API compares; it need not know the token.
      adminTokenSha256: adminTokenSha256(layout),
      platformKey: layout.secrets.platformKey,
      dataDir: dir,
      ...(layout.archive === undefined ? {} : { archive: layout.archive }),
      settings: {
        ...(layout.options.profile === 'integration'
          ? { integration: { alerts: layout.options.alerts, seed: INTEGRATION_SEED } }
          : {}),
        url: layout.apiUrl,
        registryUrl: layout.registryUrl,
        ...languageSettings(layout),
      },
    }),
  })

export const archiverProcess = (layout: Layout, archive: ArchiveSettings): ProcessSpec =>
  ownProcess(layout, {
    name: 'archiver',
    kind: 'archiver',
    opsPort: layout.ports.archiverOps,
    env: PACKET_ENV,
    settings: () => ({
      hub: accessOf(layout.hub, layout.secrets, ARCHIVER_USER),
      registryUrl: layout.registryWriteUrl,
      opsPort: layout.ports.archiverOps,
      archive,
      maxGb: layout.options.archiveGb,
    }),
  })

/** Of the visit that is played over and over. */
const INTEGRATION_SEED = 1

/** Of a folder of real packets; the token stays in its file. */
const schemaCommand = ({ registryUrl, options: { dataDir } }: Layout): string => {
  const { protocol, host } = new URL(registryUrl)
  const token = `SKYSIEVE_REGISTRY_TOKEN=$(cat ${registryTokenFile(dataDir)})`
  return `${token} npx skysieve schema sync DIR --registry ${protocol}//${REGISTRY_WRITER}@${host}`
}

export const simulatorProcess = (layout: Layout, note: (text: string) => void): ProcessSpec => {
  const { alerts, interval, visits, source, profile } = layout.options
  return ownProcess(layout, {
    name: 'simulator',
    kind: 'simulator',
    opsPort: layout.ports.simulatorOps,
    ...(source === undefined
      ? {}
      : {
          watch: ({ signal }) =>
            void reportWaiting({ name: 'simulator', opsPort: layout.ports.simulatorOps, note, signal }),
        }),
    settings: dir => ({
      hub: accessOf(layout.hub, layout.secrets, SIMULATOR_USER),
      registryUrl: layout.registryWriteUrl,
      opsPort: layout.ports.simulatorOps,
      dataDir: dir,
      alerts,
      ...(profile === 'integration' ? { repeat: true, seed: INTEGRATION_SEED } : {}),
      intervalS: interval,
      ...(visits === undefined ? {} : { visits }),
      ...(source === undefined ? {} : { source, schemaCommand: schemaCommand(layout) }),
    }),
  })
}
