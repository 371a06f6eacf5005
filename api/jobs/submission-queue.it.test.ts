import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { FairQueue } from '#filters'
import { ApiError } from '../errors.ts'
import { newRedisServer, type RedisServer } from '../checks/redis-server.ts'
import { type SubmissionQueue, openSubmissionQueue } from './submission-queue.ts'

const log = pino({ level: 'silent' })
let redis: RedisServer
let queue: SubmissionQueue
const closing: { close(): Promise<void> }[] = []

beforeAll(async () => {
  redis = await newRedisServer()
  await redis.start()
  queue = openSubmissionQueue(redis.access, log)
  await until(() => queue.isReady())
})
afterEach(async () => {
  await Promise.all(closing.splice(0).map(worker => worker.close()))
})
afterAll(async () => {
  await queue?.close()
  await redis?.close()
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}

test('a filter that is queued twice is processed once, and again when it is queued again later', async () => {
  const done: string[] = []
  await queue.enqueue('f0000000001')
  await queue.enqueue('f0000000001')
  expect(await queue.stage('f0000000001')).toBe('queued')
  closing.push(queue.work(async filter => void done.push(filter)))
  await until(async () => (await queue.stage('f0000000001')) === undefined)
  expect(done).toEqual(['f0000000001'])
  await queue.enqueue('f0000000001')
  await until(() => done.length === 2)
})

test('the stage of a filter is where its job is', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  closing.push(
    queue.work(async (_filter, report) => {
      await report('trying')
      await promise
    }),
  )
  await queue.enqueue('f0000000002')
  await until(async () => (await queue.stage('f0000000002')) === 'trying')
  expect(await queue.stage('f0000000002')).toBe('trying')
  resolve()
  await until(async () => (await queue.stage('f0000000002')) === undefined)
})

test('a job that fails is tried again', async () => {
  let attempts = 0
  closing.push(
    queue.work(async () => {
      attempts += 1
      if (attempts === 1) throw new Error('the mirror is away')
    }),
  )
  await queue.enqueue('f0000000003')
  await until(() => attempts > 1)
  expect(attempts).toBe(2)
})

test('a new leader forgets what a dead worker holds, and the same filter can be queued at once', async () => {
  const hung = queue.work(() => new Promise(() => undefined))
  await queue.enqueue('f0000000005')
  await until(async () => (await queue.stage('f0000000005')) !== undefined)
  await sleep(50)
  void hung.close()
  await queue.reset()
  expect(await queue.stage('f0000000005')).toBeUndefined()
  const done: string[] = []
  closing.push(queue.work(async filter => void done.push(filter)))
  await queue.enqueue('f0000000005')
  await until(() => done.length > 0)
  expect(done).toEqual(['f0000000005'])
})

test('while Redis is away submissions are refused with a reason; afterwards everything goes on by itself', async () => {
  const done: string[] = []
  closing.push(queue.work(async filter => void done.push(filter)))
  await redis.kill()
  await expect(queue.requireReady()).rejects.toMatchObject({
    code: 'API_QUEUE_DOWN',
    message: expect.stringMatching(/Redis/),
  })
  await expect(queue.enqueue('f0000000004')).resolves.toBeUndefined()
  expect(await queue.stage('f0000000004')).toBeUndefined()
  await redis.start({ empty: true })
  await until(() => queue.isReady())
  await queue.enqueue('f0000000004')
  await until(() => done.includes('f0000000004'))
})

test('an account whose filters hang holds up nobody else, however many of them were queued first', async () => {
  const turns = new FairQueue({ atOnce: 3, perParty: 2, waiting: 4 })
  const [begun, done]: [string[], string[]] = [[], []]
  const { promise: hangs, resolve: end } = Promise.withResolvers<void>()
  const ownerOf = (filter: string): string => filter.slice(0, 6)
  closing.push(
    queue.work(filter =>
      turns
        .run(ownerOf(filter), async () => {
          begun.push(filter)
          if (ownerOf(filter) === 'falice') await hangs
          done.push(filter)
        })
        .catch((error: unknown) => {
          throw new ApiError('API_RATE_LIMIT', 'wait', { cause: error })
        }),
    ),
  )
  const hanging = Array.from({ length: 20 }, (_, i) => `falice${String(i).padStart(5, '0')}`)
  for (const filter of hanging) await queue.enqueue(filter)
  await until(() => begun.length === 2)
  await queue.enqueue('fbob0000001')
  await until(() => done.includes('fbob0000001'))
  expect(done).toEqual(['fbob0000001'])
  expect(begun).toHaveLength(3)
  end()
  // Those that were put off come, too, and none of them twice.
  await until(() => done.length === 21)
  expect(done.toSorted()).toEqual([...hanging, 'fbob0000001'].toSorted())
})
