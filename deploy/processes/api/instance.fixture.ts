// A real API instance for tests: users with just the API's ACLs on real brokers, a real Redis, the production sandbox.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import getPort from 'get-port'
import pino from 'pino'
import { Registry } from 'prom-client'
import { type Api, apiAcls, type ApiOptions, type ApiSettings, openApi } from '#api'
import { runCli, type CliContext } from '#cli'
import { statusTopicOf } from '#filters'
import { type ArchiveSettings, type BrokerAccess, openAdmin, signRequest } from '#hub'
import { openIsolateSandbox, openSandbox } from '#sandbox'
import { KAFKA_VERSION } from '../../setup/kafka-jars.ts'
import { nodeHubAcls } from '../../start/access/broker-acls.ts'
import { nodeHubUsers } from '../../start/layout/kafka-users.ts'
import { redisProcess } from '../../start/services/redis.ts'
import { softwareVersion } from '../../version.ts'
import { joinedNode } from './joining-node.fixture.ts'
import { pythonRuntime } from './python-runtime.ts'
import { reportingNodes } from './reporting-nodes.fixture.ts'

const CONTROL = [
  'skysieve.filters',
  'skysieve.sources',
  'skysieve.accounts',
  'skysieve.nodes',
  'skysieve.status',
  '_schemas',
]

export interface Kafka {
  readonly hub: BrokerAccess
  /** Of `node1`. */
  readonly node: BrokerAccess
  /** Of `node2`, where a test wants one. */
  readonly second?: BrokerAccess
}

export interface CliRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface TestInstance {
  readonly dir: string
  readonly adminToken: string
  readonly registry: Registry
  startRedis(): Promise<void>
  killRedis(): Promise<void>
  /** Another instance on the same brokers and Redis; its nodes have joined and are reached when this resolves. */
  open(): Promise<Api & { readonly port: number }>
  /** What main.ts needs to run as a process of its own on the same brokers and Redis. */
  processConfig(): Promise<{ readonly port: number; readonly config: { readonly opsPort: number } }>
  /** One command of the command line against `url`, with profiles of its own. */
  cli(argv: readonly string[], over?: Partial<CliContext> & { readonly input?: string }): Promise<CliRun>
  close(): Promise<void>
}

/** What differs from an instance as most tests want it. */
interface Over {
  /** Told where it may lie. */
  readonly archive?: (dir: string) => Promise<ArchiveSettings>
  readonly settings?: Partial<ApiSettings>
  /** `node2` joins too. */
  readonly secondNode?: boolean
  /** No node joins. */
  readonly withoutNode?: boolean
  /** Nodes are told that the hub speaks TLS, and get certificates of this authority, which is in a folder. */
  readonly authority?: { readonly dir: string; readonly ca: string }
  /** The nodes' own workers report; else it is done for them. */
  readonly workers?: boolean
}

/** Makes control topics and users anew; what a former run left in them is gone. */
export async function openTestInstance(kafka: Kafka, over: Over = {}): Promise<TestInstance> {
  const { hub } = kafka
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-api-'))
  const user = 'skysieve-api'
  const password = randomBytes(12).toString('hex')
  const adminToken = `sky_${randomBytes(24).toString('base64url')}`
  const platformKey = randomBytes(32)
  const redis = { host: '127.0.0.1', port: await getPort(), password: randomBytes(12).toString('hex') }
  const log = pino({ level: process.env['API_TEST_LOG'] ?? 'silent' })
  const registry = new Registry()
  await prepare(hub, user, password)
  const joining = nodesOf(kafka, over)
  for (const broker of [kafka.node, ...joining.values()]) await makeNodeTopics(broker)
  const isolates = { dir: join(dir, 'sandbox'), logger: log, defaults: { hosts: 1 } }
  const sandbox = await openSandbox({ isolates })
  const archive = await over.archive?.(join(dir, 'archive'))
  let nodes: Awaited<ReturnType<typeof reportingNodes>> | undefined
  const open: Api[] = []
  let server: ChildProcess | undefined

  const killRedis = async (): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise(resolve => server?.once('exit', resolve))
    server.kill('SIGKILL')
    await ended
  }
  return {
    dir,
    adminToken,
    registry,
    async startRedis() {
      const spec = redisProcess({ dir: join(dir, 'redis'), ...redis, env: { PATH: process.env['PATH'] ?? '' } })
      const { command, args } = await spec.command()
      server = spawn(command, args, { stdio: 'ignore' })
      server.once('error', () => undefined)
      await spec.ready(AbortSignal.timeout(60_000), () => undefined)
    },
    killRedis,
    async open() {
      const port = await getPort()
      const ca = over.authority?.ca ?? hub.ca
      const api = await openApi({
        host: '127.0.0.1',
        port,
        hub: { ...hub, user, password, advertisedCa: ca },
        ...(ca === undefined ? {} : { authority: ca }),
        ...signedBy(over.authority),
        version: softwareVersion(),
        kafkaVersion: KAFKA_VERSION,
        nodeUsers: nodeHubUsers,
        nodeAcls: nodeHubAcls,
        redis,
        adminTokenSha256: createHash('sha256').update(adminToken).digest('hex'),
        platformKey,
        settings: {
          url: `http://127.0.0.1:${port}`,
          defaultStream: 'lsst',
          defaultCap: 20,
          maxCap: 100,
          filtersPerAccount: 5,
          requestsPerMinute: 5000,
          bytesPerMinute: 1_000_000_000,
          tokensPerAccount: 5,
          credentialsPerAccount: 10,
          kafkaBytesPerSecond: 50_000_000,
          kafkaRequestPercent: 200,
          sourceBytesPerAccount: 1_000_000,
          nodeDiskBytes: 1_000_000_000,
          versionsPerFilter: 10,
          moves: { finishMinutes: 30, lateMinutes: 10, keepDays: 7 },
          languages: ['javascript', 'typescript'],
          ...over.settings,
        },
        archive,
        sandbox,
        python: pythonRuntime(sandbox, undefined),
        log,
        registry: open.length === 0 ? registry : new Registry(),
      })
      open.push(api)
      for (const [name, broker] of joining) await joinedNode(api.url, adminToken, name, broker)
      // Not before: one that reports is known without having been added.
      if (over.workers !== true) nodes ??= await reportingNodes(hub, [...joining.keys()])
      return Object.assign(api, { port })
    },
    async processConfig() {
      const [port, opsPort] = [await getPort(), await getPort()]
      const config = {
        port,
        opsPort,
        hub: { bootstrap: hub.bootstrap, user, password },
        redis,
        adminTokenSha256: createHash('sha256').update(adminToken).digest('hex'),
        platformKey: platformKey.toString('base64'),
        dataDir: dir,
        settings: { url: `http://127.0.0.1:${port}` },
        logLevel: 'silent',
      }
      return { port, config }
    },
    async cli(argv, { input, ...over } = {}) {
      const out = new PassThrough()
      const err = new PassThrough()
      const texts = [out, err].map(collect)
      const exitCode = await runCli(argv, {
        stdin: Readable.from(input === undefined ? [] : [input]),
        stdout: out,
        stderr: err,
        directory: dir,
        configDirectory: join(dir, 'config'),
        color: false,
        openSandbox: () => openIsolateSandbox({ dir: join(dir, 'local'), logger: log, defaults: { hosts: 1 } }),
        ...over,
      })
      out.end()
      err.end()
      const [stdout = '', stderr = ''] = await Promise.all(texts)
      return { exitCode, stdout, stderr }
    },
    async close() {
      await nodes?.close()
      await Promise.allSettled(open.map(api => api.close()))
      await killRedis()
      await sandbox.close()
      rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

const signedBy = (authority: Over['authority']): Pick<ApiOptions, 'sign'> =>
  authority === undefined
    ? {}
    : { sign: (csr, name, { host }, role) => signRequest(authority.dir, csr, name, [host, '127.0.0.1'], role) }

async function prepare(hub: BrokerAccess, user: string, password: string): Promise<void> {
  const onHub = openAdmin(hub)
  const reports = (await onHub.listTopics()).filter(name => name.startsWith(statusTopicOf('')))
  await onHub.deleteTopics([...CONTROL, ...reports, 'skysieve.leader', 'skysieve.audit'])
  const compacted = CONTROL.map(name => ({ name, configs: { 'cleanup.policy': 'compact' } }))
  await onHub.createTopics([...compacted, { name: 'skysieve.leader' }, { name: 'skysieve.audit' }])
  await onHub.upsertUser(user, password)
  await onHub.grant(apiAcls(user).hub)
  await onHub.close()
}

async function makeNodeTopics(node: BrokerAccess): Promise<void> {
  const admin = openAdmin(node)
  await admin.createTopics(['skysieve.progress', 'skysieve.over-cap'].map(name => ({ name })))
  await admin.close()
}

/** The brokers of the nodes that join, by their names. */
function nodesOf({ node, second }: Kafka, { withoutNode, secondNode }: Over): ReadonlyMap<string, BrokerAccess> {
  if (withoutNode === true) return new Map()
  if (secondNode !== true) return new Map([['node1', node]])
  if (second === undefined) throw new TypeError('a second node needs a broker of its own')
  return new Map([
    ['node1', node],
    ['node2', second],
  ])
}

async function collect(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
