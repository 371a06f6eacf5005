// Two shards of one mirror, two workers as processes: each runs one, and whoever is left takes over what a dead one had.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { type Broker, openSyntheticSource, startBroker } from '#hub'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { topicOfFilter } from '../manifest.ts'
import { openWorkerProcesses, type WorkerProcesses } from './worker-process.fixture.ts'
import { readTopic, until } from './worker.fixture.ts'

let node: Broker
let workers: WorkerProcesses
beforeAll(async () => {
  // The brokers of all tests have mirrors of one shard.
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-shards-'))
  node = await startBroker({
    name: 'two-shards',
    dir,
    libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? resolve(import.meta.dirname, '../../.cache/kafka-4.3.1'),
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: randomBytes(9).toString('hex'), broker: randomBytes(9).toString('hex') },
    scramIterations: 4096,
  })
  workers = await openWorkerProcesses(node.access, inject('kafka').hub, 2)
})
afterAll(async () => {
  await workers.close()
  await node.stop()
})

test('of two workers with a shard each one is killed: the other runs both, then gives one to a new worker, and every alert is delivered once', async () => {
  const { topic, survey, put, statusOf } = workers
  const filters = [0, 1].map(shard => workers.manifest(1000, shard))
  for (const filter of filters) await put(filter)
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-takeover-'))
  const alive = [await workers.start(), await workers.start(dir)]
  for (const { id } of filters) await until(async () => (await statusOf(id))?.['state'] === 'live')

  const source = openSyntheticSource({ seed: 8 })
  const passing = new Set<bigint>()
  const sentMs = new Map<bigint, number>()
  const stop = new AbortController()
  const play = async (): Promise<void> => {
    for (let number = 0; !stop.signal.aborted; number++) {
      const { packet, alertId, alert } = source.packet(0, number)
      if ((alert.diaSource.psfFlux ?? 0) > 0) passing.add(alertId)
      sentMs.set(alertId, Date.now())
      await survey.send([{ topic, partition: number % 4, value: packet }])
      await sleep(60)
    }
  }
  const playing = play()
  const idsOf = async (filter: string): Promise<bigint[]> =>
    (await readTopic(node.access, topicOfFilter(filter))).map(({ headers }) =>
      BigInt(String(headers.find(([name]) => name === 'skysieve-alert')?.[1])),
    )
  /** Seconds until both filters have delivered something that was sent after this moment. */
  const secondsToNext = async (): Promise<number> => {
    const sinceMs = Date.now()
    for (const { id } of filters)
      await until(async () => (await idsOf(id)).some(alert => (sentMs.get(alert) ?? 0) > sinceMs))
    return (Date.now() - sinceMs) / 1000
  }
  await secondsToNext()
  const [first] = alive
  first?.kill('SIGKILL')
  const takenOver = await secondsToNext()
  const third = await workers.start()
  await sleep(8000)
  const shared = await secondsToNext()
  third.kill('SIGTERM')
  await once(third, 'exit')
  const givenBack = await secondsToNext()
  const [, second] = alive
  // Nobody is left: as a supervisor does, the same worker is started again.
  second?.kill('SIGKILL')
  await workers.start(dir)
  const again = await secondsToNext()
  console.log(
    `taken over in ${takenOver} s; after a worker came ${shared} s, after it left ${givenBack} s; started again ${again} s`,
  )
  stop.abort()
  await playing
  for (const { id } of filters) {
    await until(async () => (await idsOf(id)).length >= passing.size)
    const ids = await idsOf(id)
    expect(new Set(ids)).toEqual(passing)
    expect(ids).toHaveLength(passing.size)
  }
}, 120_000)
