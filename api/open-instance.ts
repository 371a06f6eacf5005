// A running API instance: control topics, queue, brokers, sandbox and HTTP put together.
import { type FastifyBaseLogger } from 'fastify'
import { type Registry } from 'prom-client'
import { openSourceChecker } from '#filters'
import { type ArchiveSettings, openSchemaStore, openTlsListener, STREAMS, type TlsListenerOptions } from '#hub'
import { type Sandbox } from '#sandbox'
import { openSecretBox } from './accounts/secret-box.ts'
import { openArchives } from './archive/archives.ts'
import { openAuditLog } from './audit/audit-log.ts'
import { openSourceChecks } from './authoring/source-checks.ts'
import { openControlLogs } from './control/control-logs.ts'
import { buildApp } from './http/app.ts'
import { runMaintenance } from './archive/maintenance.ts'
import { openArchiveQueue } from './jobs/archive-maintenance-queue.ts'
import { openSubmissionQueue } from './jobs/submission-queue.ts'
import { type RedisAccess } from './jobs/redis.ts'
import { beginLeaderWork } from './leader/leader-work.ts'
import { apiMetrics } from './metrics.ts'
import { type NearBroker, openNodeBrokers } from './nodes/node-access.ts'
import { type NodeJoining } from './nodes/node-platform.ts'
import { type Platform } from './platform.ts'
import { openRuntimes, type PythonRuntime } from './authoring/runtimes.ts'
import { type ApiSettings } from './settings.ts'
import { type ServedBroker, openBrokers } from './brokers/open-brokers.ts'

export interface ApiOptions extends NodeJoining {
  readonly host: string
  readonly port: number
  readonly hub: Omit<ServedBroker, 'name'>
  /** Where other machines reach it too, over TLS. */
  readonly outside?: TlsListenerOptions | undefined
  /** Nodes on this machine, by name: how they are reached without the network. */
  readonly near?: Readonly<Record<string, NearBroker>> | undefined
  readonly redis: RedisAccess
  readonly adminTokenSha256: string
  /** 32 bytes. */
  readonly platformKey: Uint8Array
  readonly settings: ApiSettings
  /** Where trials run; it stays the caller's to close. */
  readonly sandbox: Sandbox
  readonly python: PythonRuntime
  /** The archive of alerts it reads, if this system keeps one. */
  readonly archive?: ArchiveSettings | undefined
  readonly log: FastifyBaseLogger
  readonly registry: Registry
}

export interface ApiCheck {
  readonly name: string
  readonly ok: boolean
  readonly reason?: string
}

const check = (name: string, ok: boolean, reason: string): ApiCheck => ({ name, ok, ...(ok ? {} : { reason }) })

export interface Api {
  readonly url: string
  /** What it needs, for /readyz. */
  readonly checks: () => Promise<readonly ApiCheck[]>
  close(): Promise<void>
}

/** Opens an instance; it listens, reads and (when it leads) writes when this resolves. */
export async function openApi(options: ApiOptions): Promise<Api> {
  const { hub, settings, log, sandbox, adminTokenSha256 } = options
  const metrics = apiMetrics(options.registry)
  const box = openSecretBox(options.platformKey)
  const jobs = openSubmissionQueue(options.redis, log)
  const archiveQueue = openArchiveQueue(options.redis, jobs.redis, log)
  const audit = openAuditLog(hub)
  const schemas = await openSchemaStore({
    access: hub,
    clientId: `${hub.user}-schemas`,
    onProblem: problem => log.warn({ err: problem }, 'a schema of the registry'),
  })
  const checker = openSourceChecker({ isWarm: true })
  const seen = new Map<string, number>()
  const controlLogs = await openControlLogs({
    hub,
    adminTokenSha256,
    url: settings.url,
    log,
    onLeading: signal => {
      metrics.isLeader.set(1)
      signal.addEventListener('abort', () => metrics.isLeader.set(0))
      if (options.archive !== undefined) {
        const tools = { hub, archive: options.archive, schemaOf: schemas.get }
        const maintenance = archiveQueue.work((order, onProgress, ended) =>
          runMaintenance(order, tools, onProgress, ended),
        )
        signal.addEventListener('abort', () => void maintenance.close(), { once: true })
      }
      beginLeaderWork({ platform, jobs, seen, log }, signal)
    },
  })
  const { controlState } = controlLogs
  const brokers = openBrokers(hub, box, openNodeBrokers(box, hub.user, controlState, options.near))
  controlLogs.onNode(name => brokers.refresh(name))
  const sourceChecks = openSourceChecks({
    sandbox,
    checker,
    sources: controlLogs.sources,
    schemas: () => schemas.all().map(([, schema]) => schema),
  })
  const archives = options.archive && (await openArchives(options.archive, Object.keys(STREAMS)))
  const platform: Platform = {
    archives,
    archiveJobs: archiveQueue,
    settings,
    controlState,
    writes: controlLogs.writes,
    sources: controlLogs.sources,
    reports: controlLogs.reports,
    sourceChecks,
    knowsSchema: async id => (await schemas.get(id)) !== undefined,
    runtimes: openRuntimes(settings, options.python),
    jobs,
    brokers,
    joining: options,
    apiUser: hub.user,
    audit,
    box,
    nowMs: Date.now,
  }
  const app = await buildApp({
    platform,
    log,
    limitStore: jobs.redis,
    metrics,
    tokenSeen: id => void seen.set(id, Date.now()),
  })
  const url = await app.listen({ host: options.host, port: options.port })
  const door = options.outside && (await openTlsListener((...given) => app.routing(...given), options.outside))
  await controlLogs.standForElection()
  return {
    url,
    async checks() {
      const hasRedis = await jobs.isReady()
      const hasLeader =
        controlLogs.writes.isLeader || (await controlLogs.writes.leaderUrl().catch(() => undefined)) !== undefined
      return [
        check('control', controlLogs.problem() === undefined, controlLogs.problem() ?? ''),
        check('redis', hasRedis, 'Redis does not answer: submissions are refused, live filters go on'),
        check('leader', hasLeader, 'no instance leads: nothing can be changed'),
      ]
    },
    async close() {
      await door?.close()
      await app.close()
      await controlLogs.close()
      await archiveQueue.close()
      await jobs.close()
      await brokers.close()
      await audit.close()
      await schemas.close()
      await archives?.close()
      checker.close()
    },
  }
}
