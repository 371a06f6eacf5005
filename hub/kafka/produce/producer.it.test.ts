import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { openAdmin } from '../admin/open-admin.ts'
import { openKafka } from '../consume/kafkajs-client.ts'
import { openProducer, type Producer, type ProducerOptions } from './producer.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map(close => close()))
})

const name = (): string => `test.producer.${randomBytes(4).toString('hex')}`

const newTopic = async (configs: Record<string, string> = {}): Promise<string> => {
  const topic = name()
  const admin = openAdmin(inject('kafka').hub)
  await admin.createTopics([{ name: topic, configs }])
  await admin.close()
  return topic
}

const open = async (options: Partial<ProducerOptions> = {}): Promise<Producer> => {
  const producer = await openProducer(inject('kafka').hub, { clientId: 'test', ...options })
  closers.push(() => producer.close())
  return producer
}

interface Read {
  readonly key: string | undefined
  readonly value: Buffer | null
  readonly headers: Record<string, unknown>
  readonly timestamp: string
}

/** What a read_committed reader sees up to the end of the topic as it is now. */
const readAll = async (topic: string): Promise<Read[]> => {
  const kafka = openKafka(inject('kafka').hub, 'test')
  const admin = openAdmin(inject('kafka').hub)
  const end = (await admin.offsets(topic, 'latest')).get(0)!
  await admin.close()
  const consumer = kafka.consumer({ groupId: name(), maxWaitTimeInMs: 50 })
  const found: Read[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachBatchAutoResolve: true,
    eachBatch: async ({ batch }) => {
      for (const { key, value, headers = {}, timestamp } of batch.messages)
        found.push({ key: key?.toString(), value, headers, timestamp })
      if (BigInt(batch.lastOffset()) + 1n >= end) resolve()
    },
  })
  if (end > 0n) await promise
  await consumer.disconnect()
  return found
}

const valuesOf = async (topic: string): Promise<string[]> => (await readAll(topic)).map(({ value }) => String(value))

describe('a producer', () => {
  test('writes values, keys, headers, times and tombstones as given', async () => {
    const topic = await newTopic()
    const producer = await open()
    const value = randomBytes(300_000)
    await producer.send([
      { topic, key: 'a', value, headers: { text: 'ü', bytes: Buffer.from([0, 255]) }, timestampMs: 1_700_000_000_123 },
      { topic, key: Buffer.from('b'), value: null, headers: { twice: ['1', '2'], absent: undefined } },
      { topic, value: Buffer.alloc(0) },
    ])
    const [first, second, third] = await readAll(topic)
    expect(first).toEqual({
      key: 'a',
      value,
      headers: { text: Buffer.from('ü'), bytes: Buffer.from([0, 255]) },
      timestamp: '1700000000123',
    })
    expect(second?.value).toBeNull()
    expect(second?.headers).toEqual({ twice: [Buffer.from('1'), Buffer.from('2')] })
    expect(third?.value).toEqual(Buffer.alloc(0))
  })

  test('writes more than one request holds, in order', async () => {
    const topic = await newTopic()
    const producer = await open()
    const values = Array.from({ length: 30 }, (_, index) => Buffer.alloc(1_000_000, index))
    await producer.send(values.map(value => ({ topic, value })))
    expect((await readAll(topic)).map(({ value }) => value![0])).toEqual(values.map(value => value[0]))
  })

  test('says that a message is too large for its topic, and goes on', async () => {
    const topic = await newTopic({ 'max.message.bytes': '10485760' })
    const producer = await open()
    const sent = producer.send([{ topic, value: Buffer.alloc(12_000_000) }])
    await expect(sent).rejects.toMatchObject({ code: 'HUB_MESSAGE_TOO_LARGE' })
    await producer.send([{ topic, value: 'after' }])
    expect(await valuesOf(topic)).toEqual(['after'])
  })

  test('says that a topic does not exist', async () => {
    const producer = await open()
    await expect(producer.send([{ topic: name(), value: 'x' }])).rejects.toMatchObject({ code: 'HUB_TOPIC_UNKNOWN' })
  })

  test('says that the password is wrong', async () => {
    const producer = await openProducer({ ...inject('kafka').hub, password: 'not-it' }, { clientId: 'test' })
    await expect(producer.send([{ topic: name(), value: 'x' }])).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
    await producer.close()
  })
})

describe('a transaction', () => {
  let topic: string
  beforeAll(async () => {
    topic = await newTopic()
  })

  test('shows all of its messages or none', async () => {
    const [one, two] = [await newTopic(), await newTopic()]
    const producer = await open({ transactionalId: name() })
    const kept = await producer.begin()
    await kept.send([
      { topic: one, value: 'kept' },
      { topic: two, value: 'kept' },
    ])
    await kept.commit()
    const dropped = await producer.begin()
    await dropped.send([{ topic: one, value: 'dropped' }])
    await dropped.abort()
    const empty = await producer.begin()
    await empty.commit()
    const last = await producer.begin()
    await last.send([{ topic: one, value: 'last' }])
    await last.commit()
    expect(await valuesOf(one)).toEqual(['kept', 'last'])
    expect(await valuesOf(two)).toEqual(['kept'])
  })

  test('follows another without a wait that could be felt', async () => {
    const producer = await open({ transactionalId: name() })
    const durations: number[] = []
    for (let round = 0; round < 20; round++) {
      const begun = performance.now()
      const transaction = await producer.begin()
      await transaction.send([{ topic, value: 'x' }])
      await transaction.commit()
      durations.push(performance.now() - begun)
    }
    // kafkajs' own back-off would make each 300 ms, the library's 1,000 ms; typical here are 10.
    expect(durations.toSorted((a, b) => a - b)[10]).toBeLessThan(250)
  })

  test('of a restarted producer goes on where its predecessor ended, and ends what it left open', async () => {
    const own = await newTopic()
    const transactionalId = name()
    for (let start = 0; start < 3; start++) {
      const producer = await open({ transactionalId })
      const committed = await producer.begin()
      await committed.send([{ topic: own, value: `committed ${start}` }])
      await committed.commit()
      const left = await producer.begin()
      await left.send([{ topic: own, value: `left open ${start}` }])
    }
    await open({ transactionalId })
    expect(await valuesOf(own)).toEqual(['committed 0', 'committed 1', 'committed 2'])
  })

  test('of a producer whose id was taken over is refused, and everything after it', async () => {
    const own = await newTopic()
    const transactionalId = name()
    const zombie = await open({ transactionalId })
    const stale = await zombie.begin()
    await stale.send([{ topic: own, value: 'stale' }])
    const successor = await open({ transactionalId })
    await expect(stale.commit()).rejects.toMatchObject({ code: 'HUB_FENCED' })
    await expect(zombie.begin()).rejects.toMatchObject({ code: 'HUB_FENCED' })
    const fresh = await successor.begin()
    await fresh.send([{ topic: own, value: 'fresh' }])
    await fresh.commit()
    expect(await valuesOf(own)).toEqual(['fresh'])
  })

  test('that was open for too long is told from one whose id was taken over', async () => {
    const own = await newTopic()
    const transactionalId = name()
    const slow = await open({ transactionalId, transactionLimitMs: 1000 })
    const late = await slow.begin()
    await late.send([{ topic: own, value: 'late' }])
    const admin = openAdmin(inject('kafka').hub)
    closers.push(() => admin.close())
    // Brokers look for such transactions every ten seconds. The marker of the abort is what ends the record's wait.
    while ((await admin.offsets(own, 'latest')).get(0) !== 2n) await sleep(200)
    await expect(late.commit()).rejects.toMatchObject({ code: 'HUB_TRANSACTION_EXPIRED' })
    await expect(slow.begin()).rejects.toMatchObject({ code: 'HUB_TRANSACTION_EXPIRED' })
    const fresh = await (await open({ transactionalId })).begin()
    await fresh.send([{ topic: own, value: 'fresh' }])
    await fresh.commit()
    expect(await valuesOf(own)).toEqual(['fresh'])
  })

  test('of a fenced producer that had none open is refused when it sends', async () => {
    const transactionalId = name()
    const zombie = await open({ transactionalId })
    await open({ transactionalId })
    const stale = await zombie.begin()
    await expect(stale.send([{ topic, value: 'stale' }])).rejects.toMatchObject({ code: 'HUB_FENCED' })
  })

  test('needs no more rights than to write its topics and its transactional id', async () => {
    const own = await newTopic()
    const user = `user-${randomBytes(4).toString('hex')}`
    const access = { ...inject('kafka').hub, user, password: name() }
    const admin = openAdmin(inject('kafka').hub)
    await admin.upsertUser(user, access.password)
    await admin.grant([
      { user, resource: 'topic', name: own, operations: ['write'] },
      { user, resource: 'transactional-id', name: `${user}.`, match: 'prefixed', operations: ['write'] },
    ])
    await admin.close()
    const producer = await openProducer(access, { clientId: 'test', transactionalId: `${user}.a` })
    const transaction = await producer.begin()
    await transaction.send([{ topic: own, value: 'allowed' }])
    await transaction.commit()
    const refused = await producer.begin()
    await expect(refused.send([{ topic, value: 'x' }])).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
    await refused.abort()
    await producer.close()
    const other = openProducer(access, { clientId: 'test', transactionalId: name() })
    await expect(other).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
    expect(await valuesOf(own)).toEqual(['allowed'])
  })

  test('that failed is aborted, and the next one works', async () => {
    const own = await newTopic({ 'max.message.bytes': '1000000' })
    const producer = await open({ transactionalId: name() })
    const failing = await producer.begin()
    await failing.send([{ topic: own, value: 'before' }])
    const sent = failing.send([{ topic: own, value: Buffer.alloc(2_000_000) }])
    await expect(sent).rejects.toMatchObject({ code: 'HUB_MESSAGE_TOO_LARGE' })
    await expect(failing.commit()).rejects.toThrow(/abort it/)
    await failing.abort()
    const next = await producer.begin()
    await next.send([{ topic: own, value: 'next' }])
    await next.commit()
    expect(await valuesOf(own)).toEqual(['next'])
  })
})
