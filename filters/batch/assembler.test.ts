// Packets into batches: what counts as waiting.
import { type AvroSchema, framePacket, parseStream } from '#hub'
import { type Feed, type FeedBatch } from '#mirrors'
import { expect, test } from 'vitest'
import { Assembler } from './assembler.ts'

const stream = parseStream({ name: 's', topic: 'alerts', alertId: ['id'], visit: { path: 'visit' }, timeMs: [] })

/** A feed that has handed out its one packet. */
function feedOf(value: Buffer): Feed {
  const batch: FeedBatch = {
    kind: 'batch',
    partition: 0,
    firstOffset: 0n,
    nextOffset: 1n,
    highWatermark: 1n,
    packets: [{ offset: 0n, timestampMs: 0, key: null, value, headers: {} }],
    bytes: value.length,
    release: () => undefined,
  }
  return {
    topic: stream.topic,
    starts: new Map(),
    positions: new Map([[0, 1n]]),
    highWatermarks: new Map([[0, 1n]]),
    received: () => ({ afterMs: 0, byMs: 1 }),
    readBy: () => undefined,
    arrival: { lateMs: () => 0 },
    seek: () => undefined,
    close: () => Promise.resolve(),
    async *[Symbol.asyncIterator]() {
      yield batch
      await new Promise(() => undefined)
    },
  }
}

test('a packet that waits for its schema waits in the assembler, although the feed has handed out everything', async () => {
  const { promise: schema, resolve } = Promise.withResolvers<AvroSchema | undefined>()
  const assembler = new Assembler(
    {
      stream,
      feed: feedOf(framePacket(7, Buffer.alloc(4))),
      lingerMs: 0,
      schemaOf: () => schema,
      onSchema: () => Promise.resolve(),
      onGap: () => undefined,
    },
    { columns: [], lists: [] },
  )
  await new Promise(done => setImmediate(done))
  expect(assembler.isEmpty).toBe(false)
  resolve(undefined)
  const batch = await assembler.next()
  expect(batch?.entries.map(({ offset, failure }) => [offset, failure?.reason])).toEqual([[0n, 'HUB_SCHEMA_UNKNOWN']])
  batch?.release()
  await new Promise(done => setImmediate(done))
  expect(assembler.isEmpty).toBe(true)
})
