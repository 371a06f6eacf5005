// The API process: one instance of the API, with a sandbox of its own for trials.
import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import pino from 'pino'
import { Registry } from 'prom-client'
import { openApi, TRIALS_AT_ONCE } from '#api'
import { collectRarely } from '#hub'
import { openSandboxMetrics } from '#sandbox'
import { KAFKA_VERSION } from '../../setup/kafka-jars.ts'
import { nodeHubAcls } from '../../start/access/broker-acls.ts'
import { nodeHubUsers } from '../../start/layout/kafka-users.ts'
import { softwareVersion } from '../../version.ts'
import { processMetrics } from '../process-metrics.ts'
import { type Check, openOpsServer } from '../ops-server.ts'
import { openProcessSandbox, sandboxCheck } from '../process-sandbox.ts'
import { readConfig } from '../read-config.ts'
import { ApiConfig } from './config.ts'
import { orderCertificate } from './order-certificate.ts'
import { pythonRuntime } from './python-runtime.ts'

const STOP_LIMIT_MS = 5000
/** A host for each of the trials that run side by side. */
const TRIAL_HOSTS = { hosts: TRIALS_AT_ONCE }

// It hands out packets.
collectRarely()
const config = readConfig(ApiConfig)
const log = pino({ name: 'api', level: config.logLevel })
const registry = new Registry()
processMetrics(registry)
const sandbox = await openProcessSandbox({
  dir: join(config.dataDir, 'trials'),
  sandbox: { ...config.sandbox, ...TRIAL_HOSTS },
  containers: config.containers,
  logger: log,
  metrics: openSandboxMetrics(registry),
})
const api = await openApi({
  host: config.host,
  port: config.port,
  hub: { ...config.hub, advertised: config.hubOutside?.bootstrap, advertisedCa: config.hubOutside?.ca },
  outside: config.outside,
  near: config.near,
  version: softwareVersion(),
  kafkaVersion: KAFKA_VERSION,
  nodeUsers: nodeHubUsers,
  nodeAcls: nodeHubAcls,
  ...(config.authority === undefined
    ? {}
    : { authority: config.authority.ca, sign: orderCertificate(config.authority) }),
  redis: config.redis,
  adminTokenSha256: config.adminTokenSha256,
  platformKey: Buffer.from(config.platformKey, 'base64'),
  settings: config.settings,
  archive: config.archive,
  sandbox,
  python: pythonRuntime(sandbox, config.containers?.engine),
  log,
  registry,
})
const checks = async (): Promise<Check[]> => [...(await api.checks()), sandboxCheck(await sandbox.posture())]
const ops = await openOpsServer({ port: config.opsPort, metrics: registry, checks })

closeWithGrace({ delay: STOP_LIMIT_MS, logger: false }, async ({ err }) => {
  if (err !== undefined) log.error(err, 'the API stops')
  await ops.close()
  await api.close()
  await sandbox.close()
})
