// A hub and its nodes on one machine: secrets, layout, the plan, and what the operator is told when all of it runs.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ADMIN_USER, serverTls } from '#hub'
import { DeployError } from '../errors.ts'
import { demandRoom } from '../setup/free-disk.ts'
import { keepHubCertificate, keepNodeCertificate } from './certificates/kept-certificates.ts'
import { type Screen, welcome } from './dashboard.ts'
import { readKafkaFile } from './existing-kafka/kafka-file.ts'
import { checkKind } from './existing-kafka/kafka-place.ts'
import { readIdentity } from './join/identity.ts'
import { launch, openMachine } from './launcher.ts'
import { tlsDir } from './layout/hub-layout.ts'
import { HUB_USERS, REGISTRY_WRITER } from './layout/kafka-users.ts'
import { type Layout, layoutOf } from './layout/layout.ts'
import { nodeDir } from './layout/node-layout.ts'
import { type StartOptions } from './layout/options.ts'
import { checkPorts, hubPorts } from './layout/ports.ts'
import { namesOf, reachOf } from './layout/reach.ts'
import { nodeDiskBytes } from './layout/topic-bytes.ts'
import { openSecrets, passwordOf, registryTokenFile, writePrivate } from './layout/secrets.ts'
import { runPython } from './python-filters.ts'
import { runPlan } from './run-plan.ts'
import { runUpstreams } from './services/upstream.ts'
import { examplesOptions, localJoinContext, systemPlan } from './system-plan.ts'

/** What a start is given besides its options. */
export interface Starting {
  readonly env: NodeJS.ProcessEnv
  readonly screen: Screen
  /** When the command was given, by performance.now(). */
  readonly startedMs: number
  readonly signal: AbortSignal
}

/** Runs it until the signal. Throws DeployError when it cannot start; nothing is left running. */
export const startSystem = async (
  options: StartOptions,
  { env, screen, startedMs, signal }: Starting,
): Promise<void> => {
  if (readIdentity(nodeDir(options.dataDir, 'node')) !== undefined)
    throw new DeployError(
      'DEPLOY_DATA_DIR',
      `${options.dataDir} holds a node that has joined a hub elsewhere: start it with --join URL, or choose another --data-dir.`,
    )
  // A system that is there already has room for what it keeps.
  if (!existsSync(join(options.dataDir, 'secrets.json'))) await demandRoom(options.dataDir, nodeDiskBytes(options))
  await checkPorts(options.portBase, options.nodes, options.shards, reachOf(options)?.listen)
  const layout = await prepare(options, env)
  const { machine, hub, nodes } = layout
  await launch(
    machine,
    screen,
    signal,
    async ({ supervisor, dashboard: { note } }) => {
      await runPlan(systemPlan(layout, supervisor, note), signal)
      note(welcome({ ...describe(layout), startedInMs: performance.now() - startedMs }))
    },
    async ({ engine, upstream, dashboard: { note } }) => {
      const python = runPython(machine, engine, examplesOptions(hub, note), note, signal)
      const keeping = { note, signal }
      await Promise.all([
        python,
        runUpstreams(machine, hub, upstream, note, signal),
        keepHubCertificate(hub, keeping),
        ...nodes.map(node => keepNodeCertificate(node, localJoinContext(layout, node, note, signal), keeping)),
      ])
    },
  )
}

/** Makes secrets and folders of a system, where they are not there yet, and works out its layout. */
export const prepare = async (options: StartOptions, env: NodeJS.ProcessEnv): Promise<Layout> => {
  const { dataDir, hubKafka } = options
  const kafka = hubKafka === undefined ? undefined : readKafkaFile(hubKafka, '--hub-kafka')
  checkKind(join(dataDir, 'hub'), '--hub-kafka', kafka !== undefined)
  const secrets = openSecrets(dataDir, [ADMIN_USER, REGISTRY_WRITER, ...HUB_USERS])
  writePrivate(tokenFile(dataDir), `${secrets.adminToken}\n`)
  writePrivate(registryTokenFile(dataDir), `${passwordOf(secrets, REGISTRY_WRITER)}\n`)
  const machine = await openMachine(options, env, hubPorts(options.portBase).engineOps)
  const reach = reachOf(options)
  const tls = options.tls || reach !== undefined ? await serverTls(tlsDir(dataDir), 'hub', namesOf(reach)) : undefined
  return layoutOf(options, secrets, machine, tls, kafka)
}

const tokenFile = (dataDir: string): string => join(dataDir, 'admin-token')

const describe = ({ options, hub, nodes, machine: { python } }: Layout) => ({
  apiUrl: hub.apiUrl,
  hub: hub.kafka?.bootstrap ?? `127.0.0.1:${hub.broker.ports.client}`,
  nodes: nodes.map(({ broker }) => `127.0.0.1:${broker.ports.client}`),
  registry: hub.registryUrl,
  outside:
    hub.outside && `${hub.outside.apiUrl}, for other machines; they trust ${join(tlsDir(options.dataDir), 'ca.pem')}`,
  dataDir: options.dataDir,
  tokenFile: tokenFile(options.dataDir),
  playing: describePlaying(options),
  python:
    python.engine.kind === 'none'
      ? `filters do not run: ${python.engine.why}`
      : 'filters run in a moment, when their engine is up',
})

const describePlaying = ({ simulator, source, alerts, interval }: StartOptions): string => {
  if (!simulator) return 'nothing is played (--no-simulator)'
  return source === undefined
    ? `${alerts} synthetic alerts every ${interval} s`
    : `packets of ${source}, a visit every ${interval} s once the registry has their schemas`
}
