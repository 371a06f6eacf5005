import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { type Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { newRedisServer, type RedisServer } from '../checks/redis-server.ts'
import { type ArchiveQueue, type RunMaintenance, openArchiveQueue } from './archive-maintenance-queue.ts'
import { openQuickRedis } from './redis.ts'

const order = { chore: 'verify', stream: 'lsst', by: 'admin' } as const
const log = pino({ level: 'silent' })
let server: RedisServer
let redis: Redis
let queue: ArchiveQueue
const workers: { close(): Promise<void> }[] = []
const work = (maintain: RunMaintenance): void => void workers.push(queue.work(maintain))
const state = async (id: string) => (await queue.get(id))?.state

beforeAll(async () => {
  server = await newRedisServer()
  await server.start()
  redis = openQuickRedis(server.access, () => undefined)
  await new Promise(resolve => redis.once('ready', resolve))
  queue = openArchiveQueue(server.access, redis, log)
})
afterEach(async () => {
  await Promise.all(workers.splice(0).map(worker => worker.close()))
})
afterAll(async () => {
  await queue?.close()
  redis?.disconnect()
  await server?.close()
})

test('a job waits, is done with progress, and keeps what it found', async () => {
  const { id, ...job } = await queue.add(order)
  expect(job).toMatchObject({ ...order, state: 'waiting', progress: undefined, result: undefined })
  expect((await queue.add({ ...order, by: 'another' })).id).toBe(id)
  work(async (given, onProgress) => {
    onProgress({ done: 7, of: 9 })
    return { found: given.stream }
  })
  await expect.poll(() => state(id), { timeout: 10_000 }).toBe('done')
  expect(await queue.get(id)).toMatchObject({ progress: { done: 7, of: 9 }, result: { found: 'lsst' }, by: 'admin' })
  expect((await queue.list()).map(one => one.id)).toContain(id)
})

test('a job is ended while it runs, or before, and says so', async () => {
  const running = await queue.add(order)
  const waiting = await queue.add({ ...order, stream: 'ztf' })
  await queue.cancel(waiting.id)
  const started: string[] = []
  work(async ({ stream }, _onProgress, signal) => {
    started.push(stream)
    await sleep(60_000, undefined, { signal })
    return {}
  })
  await expect.poll(() => state(running.id), { timeout: 10_000 }).toBe('active')
  await queue.cancel(running.id)
  await expect.poll(() => state(running.id), { timeout: 10_000 }).toBe('cancelled')
  await expect.poll(() => state(waiting.id), { timeout: 10_000 }).toBe('cancelled')
  expect(started).toEqual(['lsst'])
  expect(await queue.cancel('nothing')).toBeUndefined()
})

test('what fails is tried again, and says why in the end', async () => {
  const { id } = await queue.add(order)
  let tries = 0
  work(async () => {
    tries++
    if (tries === 1) throw new Error('the broker is away')
    return { tries }
  })
  await expect.poll(() => state(id), { timeout: 20_000 }).toBe('done')
  expect((await queue.get(id))?.result).toEqual({ tries: 2 })
})

test('without Redis every call says so at once', async () => {
  await server.kill()
  for (const call of [() => queue.add(order), () => queue.list(), () => queue.get('x'), () => queue.cancel('x')])
    await expect(call()).rejects.toMatchObject({ code: 'API_QUEUE_DOWN' })
  await server.start()
})
