// The worker process: filters of one mirror, evaluated beside its broker. SIGTERM commits what is evaluated and gives the shards back.
import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import pino from 'pino'
import { Registry } from 'prom-client'
import { languagesThatRun, openNodeManifests, openSources, openWorker } from '#filters'
import { collectRarely, openRegistryClient, openSchemaStore, parseSchema, STREAMS } from '#hub'
import { followMirrorGaps, hubLateness, mirrorLag, openHubClock, openLagWatch, openMachine } from '#mirrors'
import { openSandboxMetrics } from '#sandbox'
import { processMetrics } from '../process-metrics.ts'
import { openOpsServer } from '../ops-server.ts'
import { openProcessSandbox } from '../process-sandbox.ts'
import { readConfig } from '../read-config.ts'
import { softwareVersion } from '../../version.ts'
import { workerChecks } from './readiness.ts'
import { WorkerConfig } from './config.ts'

const STOP_LIMIT_MS = 5000
/** Of a question to the hub's registry. */
const ASK_LIMIT_MS = 1000

collectRarely()
const config = readConfig(WorkerConfig)
const { mirror, shards, local, hub, statusTopic, opsPort, dataDir, schemaWaitMs, maxLagAlerts, metricsTokenSha256 } =
  config
const log = pino({ name: `worker ${mirror}`, level: config.logLevel })
const registry = new Registry()
processMetrics(registry)

const sandbox = await openProcessSandbox({
  dir: join(dataDir, 'sandbox'),
  sandbox: config.sandbox,
  containers: config.containers,
  logger: log,
  metrics: openSandboxMetrics(registry),
})
const warn =
  (what: string) =>
  (problem: unknown): void =>
    log.warn({ err: problem }, what)
const onProblem = warn('a control topic')
const manifests = await openNodeManifests(local, `${local.user}.filters`, onProblem)
const sources = await openSources(local, `${local.user}.sources`, onProblem)
const schemas = await openSchemaStore({ access: local, clientId: `${local.user}.schemas`, onProblem })
const hubClock = await openHubClock({
  access: local,
  clientId: `${local.user}.clock`,
  onProblem: warn('the hub’s clock'),
})
hubLateness(registry, hubClock)
const { registryUrl } = config
const fromHub = async (id: number): ReturnType<typeof schemas.get> => {
  const text =
    registryUrl === undefined
      ? undefined
      : await openRegistryClient(registryUrl, AbortSignal.timeout(ASK_LIMIT_MS)).find(id)
  return text === undefined ? undefined : parseSchema(text)
}
const streams = Object.values(STREAMS).filter(({ name }) => config.streams?.includes(name) ?? true)
const stop = new AbortController()
const lag = openLagWatch({
  hub,
  node: local,
  topics: streams.map(({ topic }) => topic),
  clientId: `${local.user}.lag`,
  signal: stop.signal,
})
lag.ended.catch(warn('how far this node is behind the hub is not known'))
mirrorLag(registry, lag.latest)
const machine = openMachine(dataDir)
const number = config.machine === undefined ? {} : { number: config.machine }
const version = softwareVersion()
const languages = languagesThatRun(config.containers !== undefined)
const worker = await openWorker({
  mirror,
  shards,
  node: local,
  hub,
  ...(statusTopic === undefined ? {} : { statusTopic }),
  streams,
  sandbox,
  manifests,
  sources,
  schemas,
  schemasFromHub: fromHub,
  hubClock,
  machine: async () => {
    const clockMs = hubClock.aheadMs(Date.now())
    return { ...number, ...(await machine.look()), ...(clockMs === undefined ? {} : { clockMs }), version, languages }
  },
  mirrorLag: lag.latest,
  memberFile: join(dataDir, 'member'),
  registry,
  log,
  schemaWaitMs,
})
const mirrorGaps = await followMirrorGaps({
  access: local,
  clientId: `${local.user}.mirror-gaps`,
  onGap: gap => worker.noteMirrorGap(gap),
  onProblem: warn('the topic of gaps'),
})
const ops = await openOpsServer({
  port: opsPort,
  metrics: registry,
  metricsTokenSha256,
  checks: async () =>
    workerChecks(
      await worker.health(),
      [
        { topic: 'skysieve.filters', problem: manifests.problem() },
        { topic: 'skysieve.sources', problem: sources.problem() },
        { topic: '_schemas', problem: schemas.problem() },
      ],
      maxLagAlerts,
    ),
})

closeWithGrace({ delay: STOP_LIMIT_MS, logger: false }, async ({ err }) => {
  if (err !== undefined) log.error(err, 'the worker stops')
  await ops.close()
  await worker.close()
  stop.abort()
  await Promise.all([
    manifests.close(),
    sources.close(),
    schemas.close(),
    hubClock.close(),
    mirrorGaps.close(),
    sandbox.close(),
  ])
})
worker.ended.catch((error: unknown) => {
  // Fenced, or a record it cannot read: nothing of this process may be trusted any more.
  log.fatal({ err: error }, 'the worker ends')
  process.exit(1)
})
