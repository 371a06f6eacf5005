import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Redis } from 'ioredis'
import { newRedisServer, type RedisServer } from '../checks/redis-server.ts'
import { openQuickRedis } from '../jobs/redis.ts'
import { type Level, take, type Verdict } from './token-bucket.ts'
import { openLimiter } from './limiter.ts'
import { openRedisBuckets } from './redis-bucket.ts'

/** So slow that nothing fills while a test runs. */
const LIMITS = { requestsPerMinute: 3, bytesPerMinute: 1000 }
let server: RedisServer
let redis: Redis

beforeAll(async () => {
  server = await newRedisServer()
  await server.start()
  redis = openQuickRedis(server.access, () => undefined)
  await new Promise(resolve => redis.once('ready', resolve))
})
afterAll(async () => {
  redis?.disconnect()
  await server?.close()
})

test('the script decides as the rule does', async () => {
  const buckets = openRedisBuckets(redis)
  let level: Level | undefined
  for (const bytes of [0, 400, 500, 200, 0]) {
    const taken: { level: Level; verdict: Verdict } = take(level, LIMITS, bytes, 0)
    level = taken.level
    const found = await buckets('rule', LIMITS, bytes)
    expect(found.allowed).toBe(taken.verdict.allowed)
    expect(found.requests).toBe(taken.verdict.requests)
    // A few milliseconds have passed in Redis.
    expect(Math.abs(found.bytes - taken.verdict.bytes)).toBeLessThan(100)
    expect(Math.abs(found.waitMs - taken.verdict.waitMs)).toBeLessThan(6000)
  }
})

test('of many at once exactly as many pass as the bucket holds, whichever instance asks', async () => {
  const [one, two] = [openLimiter(redis), openLimiter(redis)]
  const asked = Array.from({ length: 20 }, (_, at) => (at % 2 ? one : two).ask('many', LIMITS))
  expect((await Promise.all(asked)).filter(({ allowed }) => allowed)).toHaveLength(3)
})

test('a clock of Redis that was ahead empties nothing and refuses nobody for longer', async () => {
  const future = Date.now() + 86_400_000
  await redis.hset('skysieve-limit-ahead', { requests: '2', bytes: '10', at: String(future) })
  expect(await openRedisBuckets(redis)('ahead', LIMITS, 0)).toMatchObject({ allowed: true, requests: 1 })
  expect(Number(await redis.hget('skysieve-limit-ahead', 'at'))).toBeLessThan(future)
  await redis.hset('skysieve-limit-behind', { requests: '-5', bytes: '-10000', at: '0' })
  expect(await openRedisBuckets(redis)('behind', LIMITS, 0)).toMatchObject({ allowed: true, requests: 2, bytes: 1000 })
})

test('full buckets leave nothing behind', async () => {
  await openRedisBuckets(redis)('gone', { requestsPerMinute: 1e9, bytesPerMinute: 1e9 }, 0)
  expect(await redis.pttl('skysieve-limit-gone')).toBeLessThanOrEqual(1001)
})

test('while Redis is away each process counts by itself, without waiting, and comes back to it', async () => {
  const limiter = openLimiter(redis)
  expect((await limiter.ask('away', LIMITS)).requests).toBe(2)
  await server.kill()
  const first = await limiter.ask('away', LIMITS)
  expect(first).toMatchObject({ allowed: true, requests: 2 })
  const from = performance.now()
  for (const left of [1, 0]) expect((await limiter.ask('away', LIMITS)).requests).toBe(left)
  expect((await limiter.ask('away', LIMITS)).allowed).toBe(false)
  expect(performance.now() - from).toBeLessThan(500)
  await server.start()
  await new Promise(resolve => (redis.status === 'ready' ? resolve(true) : redis.once('ready', resolve)))
  // What Redis kept is what it counts on with.
  await expect.poll(async () => (await limiter.ask('away', LIMITS)).allowed, { timeout: 5000 }).toBe(true)
})
