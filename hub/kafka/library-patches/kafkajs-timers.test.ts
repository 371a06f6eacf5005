import { createRequire } from 'node:module'
import { afterEach, expect, test } from 'vitest'
import { patchTimers, type RequestQueue } from './kafkajs-timers.ts'

interface Pushed {
  readonly entry: {
    readonly correlationId: number
    readonly resolve: () => void
    readonly reject: (error: Error) => void
  }
  readonly expectResponse: boolean
  readonly requestTimeout: number
  readonly sendRequest: () => void
}
type Queue = RequestQueue & {
  throttledUntil: number
  push(request: Pushed): void
  fulfillRequest(response: { correlationId: number; payload: Buffer; size: number }): void
}
const Queue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as new (
  options: object,
) => Queue

const log = { debug: () => undefined, warn: () => undefined, error: () => undefined }
const queues: Queue[] = []
afterEach(() => {
  for (const queue of queues.splice(0)) queue.destroy()
})

const open = (options: object = {}): Queue => {
  patchTimers()
  const queue = new Queue({
    maxInFlightRequests: 1,
    requestTimeout: 30_000,
    enforceRequestTimeout: true,
    clientId: 'test',
    broker: 'none',
    logger: log,
    ...options,
  })
  queues.push(queue)
  return queue
}

const ignore = (): void => undefined
const request = (correlationId: number, sendRequest = ignore, reject: (error: Error) => void = ignore): Pushed => ({
  entry: { correlationId, resolve: ignore, reject },
  expectResponse: true,
  requestTimeout: 20,
  sendRequest,
})
const answer = (correlationId: number) => ({ correlationId, payload: Buffer.alloc(0), size: 0 })

test('a connection with nothing to send has no timer for what waits', () => {
  const queue = open()
  queue.push(request(1))
  queue.fulfillRequest(answer(1))
  expect(queue.throttleCheckTimeoutId).toBeNull()
})

test('a request that waits for another is sent when that one is answered', () => {
  const queue = open()
  const sent: number[] = []
  for (const id of [1, 2]) queue.push(request(id, () => void sent.push(id)))
  expect(sent).toEqual([1])
  queue.fulfillRequest(answer(1))
  expect(sent).toEqual([1, 2])
})

test('a request that the broker wants later is sent later, without an answer in between', async () => {
  const queue = open()
  queue.throttledUntil = Date.now() + 50
  const sentMs = await new Promise<number>(resolve => {
    queue.push(request(1, () => resolve(Date.now())))
  })
  expect(sentMs).toBeGreaterThanOrEqual(queue.throttledUntil)
})

test('a request without an answer fails', async () => {
  const queue = open({ requestTimeout: 20 })
  queue.scheduleRequestTimeoutCheck()
  const failed = await new Promise<Error>(resolve => {
    queue.push(request(1, ignore, resolve))
  })
  expect(failed.name).toBe('KafkaJSRequestTimeoutError')
})
