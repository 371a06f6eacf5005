import { expect, test } from 'vitest'
import { type FetchedRun } from './contiguous-batches.ts'
import { openFeedQueue } from './feed-queue.ts'

const run = (from: bigint, bytes: number): FetchedRun => ({
  kind: 'batch',
  from,
  to: from + 1n,
  packets: [{ offset: from, timestampMs: 0, key: null, value: Buffer.alloc(bytes), headers: {} }],
})
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const later = new Promise<string>(resolve => setImmediate(() => resolve('later')))
  return (await Promise.race([promise, later])) !== 'later'
}

test('room is made by a release, not by handing out, and a release counts once', async () => {
  const queue = openFeedQueue(10_000)
  queue.push(0, run(0n, 8000), 1n)
  const room = queue.room(5000)
  const item = await queue.take()
  expect(await isSettled(room)).toBe(false)
  if (item?.kind === 'batch') {
    item.release()
    item.release()
  }
  expect(await isSettled(room)).toBe(true)
  expect(queue.heldBytes).toBe(0)
})

test('a batch larger than the whole budget is let through when nothing else is held', async () => {
  expect(await isSettled(openFeedQueue(10).room(1000))).toBe(true)
})

test('empty batches are bounded too', async () => {
  const queue = openFeedQueue(10_000)
  for (let offset = 0n; offset < 100n; offset++)
    queue.push(0, { kind: 'batch', from: offset, to: offset + 1n, packets: [] }, 1n)
  expect(await isSettled(queue.room(1))).toBe(false)
})

test('dropping a partition gives its bytes back and leaves the others in order', async () => {
  const queue = openFeedQueue(10_000)
  queue.push(0, run(0n, 100), 1n)
  queue.push(1, run(0n, 100), 1n)
  queue.push(0, run(1n, 100), 1n)
  queue.push(1, { kind: 'gap', from: 1n, to: 5n }, 1n)
  const held = queue.heldBytes
  queue.drop(0)
  expect(queue.heldBytes).toBe(held / 3)
  expect(await queue.take()).toMatchObject({ kind: 'batch', partition: 1 })
  expect(await queue.take()).toEqual({ kind: 'gap', partition: 1, from: 1n, to: 5n })
})

test('closing ends a waiting reader and a waiting writer, with the error if there is one', async () => {
  const queue = openFeedQueue(100)
  queue.push(0, run(0n, 1000), 1n)
  await queue.take()
  const [taking, room] = [queue.take(), queue.room(1)]
  queue.close()
  expect(await taking).toBeUndefined()
  expect(await isSettled(room)).toBe(true)
  const failed = openFeedQueue(100)
  failed.close(new Error('why'))
  await expect(failed.take()).rejects.toThrow('why')
})
