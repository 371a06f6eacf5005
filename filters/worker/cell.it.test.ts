// A mirror of three machines: the one that leads, coordinates and holds a shard dies, its broker and its worker at once. Who is left runs all shards on the two
// other brokers. Audited from outside.
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { type BrokerAccess, type CellMember, openKafka, openSyntheticSource, serverTls, startCell } from '#hub'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { topicOfFilter } from '../manifest.ts'
import { openWorkerProcesses, type WorkerProcesses } from './worker-process.fixture.ts'
import { readTopic, until } from './worker.fixture.ts'

const SHARDS = 2

let dir: string
let members: readonly CellMember[] = []
let access: BrokerAccess
let workers: WorkerProcesses | undefined
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-cell-'))
  members = await startCell({
    name: 'cell',
    dir,
    libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? resolve(import.meta.dirname, '../../.cache/kafka-4.3.1'),
    addresses: ['127.0.0.2', '127.0.0.3', '127.0.0.4'],
    ports: { client: await getPort(), controller: await getPort(), broker: await getPort() },
    certify: (name, address) => serverTls(join(dir, 'tls'), name, [address], 'peer'),
    secrets: { admin: randomBytes(12).toString('hex'), broker: randomBytes(12).toString('hex') },
    heapMb: 256,
    scramIterations: 4096,
  })
  access = members[0]!.broker.access
}, 180_000)
afterAll(async () => {
  await workers?.close()
  await Promise.all(members.map(({ broker }) => broker.kill()))
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
})

/** Where a group's positions are, and with them its coordinator: Java's hash of an ASCII name says. */
const coordinatorOf = async (group: string): Promise<CellMember> => {
  const admin = openKafka(access, 'test').admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: ['__consumer_offsets'] })
  await admin.disconnect()
  const partitions = topics[0]?.partitions ?? []
  const hash = Buffer.from(group).reduce((sum, letter) => (sum * 31 + letter) | 0, 0)
  const leader = partitions.find(({ partitionId }) => partitionId === Math.abs(hash) % partitions.length)?.leader
  return members.find(({ settings }) => settings.cell?.id === leader)!
}

test('of two workers in a cell one dies with the broker that coordinates them: the other has all shards, and every alert is delivered once', async () => {
  workers = await openWorkerProcesses(access, inject('kafka').hub, SHARDS)
  const { topic, survey, put, statusOf, user } = workers
  const filters = Array.from({ length: SHARDS }, (_, shard) => workers!.manifest(1000, shard))
  for (const filter of filters) await put(filter)
  const [first] = [await workers.start(), await workers.start()]
  for (const { id } of filters) await until(async () => (await statusOf(id))?.['state'] === 'live')

  const source = openSyntheticSource({ seed: 9 })
  const passing = new Set<bigint>()
  const sentMs = new Map<bigint, number>()
  const stop = new AbortController()
  let longestMs = 0
  const play = async (): Promise<void> => {
    for (let number = 0; !stop.signal.aborted; number++) {
      const { packet, alertId, alert } = source.packet(0, number)
      if ((alert.diaSource.psfFlux ?? 0) > 0) passing.add(alertId)
      sentMs.set(alertId, Date.now())
      const beganMs = performance.now()
      await survey.send([{ topic, partition: number % 4, value: packet }])
      longestMs = Math.max(longestMs, performance.now() - beganMs)
      await sleep(60)
    }
  }
  const playing = play()
  playing.catch(() => undefined)
  const idsOf = async (filter: string): Promise<bigint[]> =>
    (await readTopic(access, topicOfFilter(filter))).map(({ headers }) =>
      BigInt(String(headers.find(([name]) => name === 'skysieve-alert')?.[1])),
    )
  /** Seconds until this filter has delivered something that was sent after this moment. */
  const secondsToNext = async (filter: string): Promise<number> => {
    const sinceMs = Date.now()
    await until(async () => {
      // A broker that is away fails what is asked of it.
      const ids = await idsOf(filter).catch(() => [])
      return ids.some(alert => (sentMs.get(alert) ?? 0) > sinceMs)
    })
    return (Date.now() - sinceMs) / 1000
  }
  await Promise.all(filters.map(({ id }) => secondsToNext(id)))

  const { broker } = await coordinatorOf(`${user}.shards`)
  first?.kill('SIGKILL')
  await broker.kill()
  const seconds = await Promise.all(filters.map(({ id }) => secondsToNext(id)))
  stop.abort()
  await playing
  console.log(
    `shards deliver again after ${seconds.map(value => value.toFixed(1)).join(' and ')} s; the survey waited ${(longestMs / 1000).toFixed(1)} s`,
  )
  for (const { id } of filters) {
    await until(async () => (await idsOf(id)).length >= passing.size)
    const ids = await idsOf(id)
    expect(new Set(ids)).toEqual(passing)
    expect(ids).toHaveLength(passing.size)
  }
}, 240_000)
