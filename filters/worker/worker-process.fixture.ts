// Workers as processes of their own on a real broker, as a started system has them: what they need, and what they report.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import getPort from 'get-port'
import {
  type BrokerAccess,
  openAdmin,
  openControlWriter,
  openProducer,
  type Producer,
  STREAMS,
  SYNTHETIC_SCHEMA,
  SYNTHETIC_SCHEMA_ID,
} from '#hub'
import { nodeTopics } from '#mirrors'
import { FILTERS_TOPIC, type Manifest } from '../manifest.ts'
import { statusTopicOf } from '../publish/topics.ts'
import { workerAcls, workerUser } from './worker-acls.ts'
import { readTopic } from './worker.fixture.ts'

const MAIN = resolve(import.meta.dirname, '../../deploy/processes/worker/main.ts')
const PASSWORD = 'of-a-worker'
const PARTITIONS = 4

export interface WorkerProcesses {
  readonly topic: string
  /** Of the workers, on hub and node. */
  readonly user: string
  /** Writes packets as the survey does. */
  readonly survey: Producer
  /** In a directory of its own, or in that of one that is dead. */
  readonly start: (dir?: string) => Promise<ChildProcess>
  /** A filter of this mirror on that shard. */
  readonly manifest: (cap: number, shard?: number) => Manifest
  readonly put: (manifest: Manifest) => Promise<void>
  /** What the node last reported of a filter. */
  readonly statusOf: (filter: string) => Promise<Record<string, unknown> | undefined>
  /** Kills what is left. */
  readonly close: () => Promise<void>
}

/** Prepares a mirror with a name of its own; the broker keeps its number of shards. */
export async function openWorkerProcesses(
  node: BrokerAccess,
  hub: BrokerAccess,
  shards: number,
): Promise<WorkerProcesses> {
  const mirror = `m${randomBytes(4).toString('hex')}`
  const { topic } = STREAMS.lsst
  const workers: ChildProcess[] = []
  const [onNode, onHub] = [openAdmin(node), openAdmin(hub)]
  await onNode.createTopics(nodeTopics({ alertTopics: [{ name: topic, partitions: PARTITIONS }], shards }))
  await onHub.createTopics([{ name: statusTopicOf(mirror), configs: { 'cleanup.policy': 'compact' } }])
  const rights = workerAcls(mirror, [topic])
  for (const [admin, grants] of [
    [onNode, rights.node],
    [onHub, rights.hub],
  ] as const) {
    await admin.upsertUser(workerUser(mirror), PASSWORD)
    await admin.grant(grants)
    await admin.close()
  }
  const survey = await openProducer(node, { clientId: 'survey' })
  const key = JSON.stringify({ keytype: 'SCHEMA', subject: 'alert-packet', version: SYNTHETIC_SCHEMA_ID, magic: 1 })
  const value = JSON.stringify({
    subject: 'alert-packet',
    version: SYNTHETIC_SCHEMA_ID,
    id: SYNTHETIC_SCHEMA_ID,
    schema: SYNTHETIC_SCHEMA,
    deleted: false,
  })
  await survey.send([{ topic: '_schemas', partition: 0, key, value }])

  const asWorker = (access: BrokerAccess): BrokerAccess => ({ ...access, user: workerUser(mirror), password: PASSWORD })
  return {
    topic,
    user: workerUser(mirror),
    survey,
    start: async (dir = mkdtempSync(join(tmpdir(), 'skysieve-takeover-'))) => {
      const config = join(dir, 'config.json')
      const opsPort = await getPort()
      writeFileSync(
        config,
        JSON.stringify({
          mirror,
          shards,
          local: asWorker(node),
          hub: asWorker(hub),
          statusTopic: statusTopicOf(mirror),
          opsPort,
          dataDir: dir,
          streams: ['lsst'],
          sandbox: { hosts: 1 },
          logLevel: 'warn',
        }),
      )
      const child = spawn(process.execPath, [MAIN, '--config', config], { stdio: ['ignore', 'inherit', 'inherit'] })
      workers.push(child)
      return child
    },
    manifest: (cap, shard = 0) => ({
      id: `f${randomBytes(5).toString('hex')}`,
      name: 'takeover',
      owner: 'tester',
      description: '',
      stream: 'lsst',
      cap,
      policy: 'first',
      start: 'now',
      cutouts: false,
      versions: [
        {
          number: 1,
          language: 'javascript',
          source: 'export function filter(alert) { return alert.diaSource.psfFlux > 0 }',
          sha256: '',
          createdAt: '2026-01-01T00:00:00Z',
        },
      ],
      active: 1,
      state: 'active',
      problems: [],
      placement: { mirror, shard },
      generation: 1,
      trust: 'known',
      createdAt: '2026-01-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
    }),
    put: async value => {
      const writer = await openControlWriter({ access: node, transactionalId: `w-${mirror}`, clientId: 'test' })
      await writer.write([{ topic: FILTERS_TOPIC, key: value.id, value }])
      await writer.close()
    },
    statusOf: async filter => {
      const record = (await readTopic(hub, statusTopicOf(mirror))).findLast(({ key: id }) => id?.toString() === filter)
      return record?.value ? (JSON.parse(record.value.toString()) as Record<string, unknown>) : undefined
    },
    close: async () => {
      for (const worker of workers) worker.kill('SIGKILL')
      await survey.close()
    },
  }
}
