// Workers as processes, killed with SIGKILL while alerts stream in: audited from outside, nothing is lost and nothing comes twice.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BrokerAccess,
  openAdmin,
  openControlWriter,
  openProducer,
  openSyntheticSource,
  type Producer,
  STREAMS,
  SYNTHETIC_SCHEMA,
  SYNTHETIC_SCHEMA_ID,
} from '#hub'
import { nodeTopics } from '#mirrors'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { FILTERS_TOPIC, type Manifest, topicOfFilter } from '../manifest.ts'
import { STATUS_TOPIC } from '../publish/topics.ts'
import { workerRights, workerUser } from './worker-rights.ts'
import { readTopic, until } from './worker.fixture.ts'

const MAIN = resolve(import.meta.dirname, '../../deploy/processes/worker/main.ts')
const mirror = `m${randomBytes(4).toString('hex')}`
const { topic } = STREAMS.lsst
const workers: ChildProcess[] = []
let producer: Producer

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const startWorker = async (): Promise<ChildProcess> => {
  const asWorker = (access: BrokerAccess): BrokerAccess => ({
    ...access,
    user: workerUser(mirror),
    password: 'of-a-worker',
  })
  const [hub, node] = [asWorker(inject('kafka').hub), asWorker(inject('kafka').node)]
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-takeover-'))
  const config = join(dir, 'config.json')
  const opsPort = await freePort()
  writeFileSync(
    config,
    JSON.stringify({
      mirror,
      local: node,
      hub,
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
}

const manifest = (changes: Partial<Manifest> = {}): Manifest => ({
  id: `f${randomBytes(5).toString('hex')}`,
  name: 'takeover',
  owner: 'tester',
  description: '',
  stream: 'lsst',
  cap: 20,
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
  placement: { mirror, shard: 0 },
  generation: 1,
  trust: 'known',
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  ...changes,
})

const put = async (value: Manifest): Promise<void> => {
  const writer = await openControlWriter({
    access: inject('kafka').node,
    transactionalId: `w-${mirror}`,
    clientId: 'test',
  })
  await writer.write([{ topic: FILTERS_TOPIC, key: value.id, value }])
  await writer.close()
}

const statusOf = async (filter: string): Promise<Record<string, unknown> | undefined> => {
  const record = (await readTopic(inject('kafka').hub, STATUS_TOPIC)).findLast(({ key }) => key?.toString() === filter)
  return record?.value ? (JSON.parse(record.value.toString()) as Record<string, unknown>) : undefined
}

beforeAll(async () => {
  const { hub, node } = inject('kafka')
  const [onNode, onHub] = [openAdmin(node), openAdmin(hub)]
  await onNode.createTopics(nodeTopics({ alertTopics: [{ name: topic, partitions: 4 }], shards: 1 }))
  await onHub.createTopics([{ name: STATUS_TOPIC, configs: { 'cleanup.policy': 'compact' } }])
  const rights = workerRights(mirror, [topic])
  for (const [admin, grants] of [
    [onNode, rights.node],
    [onHub, rights.hub],
  ] as const) {
    await admin.upsertUser(workerUser(mirror), 'of-a-worker')
    await admin.grant(grants)
    await admin.close()
  }
  producer = await openProducer(node, { clientId: 'survey' })
  const key = JSON.stringify({ keytype: 'SCHEMA', subject: 'alert-packet', version: SYNTHETIC_SCHEMA_ID, magic: 1 })
  const value = JSON.stringify({
    subject: 'alert-packet',
    version: SYNTHETIC_SCHEMA_ID,
    id: SYNTHETIC_SCHEMA_ID,
    schema: SYNTHETIC_SCHEMA,
    deleted: false,
  })
  await producer.send([{ topic: '_schemas', partition: 0, key, value }])
})
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL')
  await producer.close()
})

test('workers that are killed one after another while visits stream in lose nothing, double nothing and keep the cap', async () => {
  const filters = [manifest(), manifest({ cap: 1000 })]
  for (const filter of filters) await put(filter)
  // Two workers of one mirror: one has the shard, the other takes it over.
  const alive = [await startWorker(), await startWorker()]
  for (const { id } of filters) await until(async () => (await statusOf(id))?.['state'] === 'live')

  const source = openSyntheticSource({ seed: 5 })
  const perVisit = 120
  const passing = new Map<string, bigint[]>()
  const packets = new Map<bigint, Buffer>()
  const play = async (): Promise<void> => {
    for (let number = 0; number < perVisit; number++) {
      // Two visits interleave, on all partitions.
      const messages = [0, 1].map(visit => {
        const made = source.packet(visit, number)
        packets.set(made.alertId, made.packet)
        if ((made.alert.diaSource.psfFlux ?? 0) > 0)
          passing.set(String(made.visit), [...(passing.get(String(made.visit)) ?? []), made.alertId])
        return { topic, partition: (number + visit) % 4, value: made.packet }
      })
      await producer.send(messages)
      await sleep(40)
    }
  }
  const playing = play()
  for (let kills = 0; kills < 3; kills++) {
    await sleep(1200)
    const worker = alive.shift()
    worker?.kill('SIGKILL')
    if (worker !== undefined) await once(worker, 'exit')
    // The last one that dies is not replaced: the one that is left has to do.
    if (kills < 2) alive.push(await startWorker())
  }
  await playing
  const total = [...passing.values()].reduce((sum, ids) => sum + ids.length, 0)
  const [small, large] = filters
  await until(async () => {
    const visits = (await statusOf(large?.id ?? ''))?.['visits'] as { seen: number }[] | undefined
    return visits?.reduce((sum, { seen }) => sum + seen, 0) === 2 * perVisit
  })
  const idsIn = async (filter: Manifest | undefined): Promise<bigint[]> =>
    (await readTopic(inject('kafka').node, topicOfFilter(filter?.id ?? ''))).map(({ value, headers }) => {
      const id = BigInt(String(headers.find(([name]) => name === 'skysieve-alert')?.[1]))
      expect(value?.equals(packets.get(id) ?? Buffer.alloc(0))).toBe(true)
      return id
    })
  const all = await idsIn(large)
  expect(all).toHaveLength(total)
  expect(new Set(all)).toEqual(new Set([...passing.values()].flat()))
  const capped = await idsIn(small)
  expect(new Set(capped).size).toBe(capped.length)
  for (const ids of passing.values())
    expect(capped.filter(id => ids.includes(id))).toHaveLength(Math.min(20, ids.length))

  const [last] = alive
  last?.kill('SIGTERM')
  expect(last && (await once(last, 'exit'))[0]).toBe(0)
}, 180_000)
