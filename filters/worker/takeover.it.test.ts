// Workers as processes, killed with SIGKILL while alerts stream in: audited from outside, nothing is lost and nothing comes twice.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSyntheticSource } from '#hub'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Manifest, topicOfFilter } from '../manifest.ts'
import { openWorkerProcesses, type WorkerProcesses } from './worker-process.fixture.ts'
import { readTopic, until } from './worker.fixture.ts'

let workers: WorkerProcesses
beforeAll(async () => {
  workers = await openWorkerProcesses(inject('kafka').node, inject('kafka').hub, 1)
})
afterAll(() => workers.close())

test('workers that are killed one after another while visits stream in lose nothing, double nothing and keep the cap', async () => {
  const { topic, survey, put, statusOf } = workers
  const filters = [workers.manifest(20), workers.manifest(1000)]
  for (const filter of filters) await put(filter)
  // Two workers of one mirror: one has the shard, the other takes it over.
  const alive = [await workers.start(), await workers.start()]
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
      await survey.send(messages)
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
    if (kills < 2) alive.push(await workers.start())
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
  // What was seen is reported before it is committed.
  await until(async () => (await idsIn(large)).length >= total)
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
