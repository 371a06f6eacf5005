import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { type HubError } from '../errors.ts'
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { openProducer } from '../kafka/produce/producer.ts'
import { type ControlLog, type ControlLogOptions, openControlLog } from './control-log.ts'
import { type ControlWriter, openControlWriter } from './control-writer.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map(close => close()))
})

const name = (): string => `test.control.${randomBytes(4).toString('hex')}`
const createTopic = async (topic: string): Promise<void> => {
  const admin = openAdmin(inject('kafka').hub)
  await admin.createTopics([{ name: topic, configs: { 'cleanup.policy': 'compact' } }])
  await admin.close()
}
const newTopic = async (): Promise<string> => {
  const topic = name()
  await createTopic(topic)
  return topic
}

const openLog = async (
  topic: string,
  options: Partial<ControlLogOptions<unknown>> = {},
): Promise<ControlLog<unknown>> => {
  const access = inject('kafka').hub
  const log = await openControlLog<unknown>({
    access,
    topic,
    clientId: 'test',
    parse: value => JSON.parse(value.toString()),
    ...options,
  })
  closers.push(() => log.close())
  return log
}
const openWriter = async (transactionalId = name()): Promise<ControlWriter> => {
  const writer = await openControlWriter({ access: inject('kafka').hub, clientId: 'test', transactionalId })
  closers.push(() => writer.close())
  return writer
}

describe('a control log', () => {
  test('of an empty topic opens at once', async () => {
    const log = await openLog(await newTopic())
    expect(log.size).toBe(0)
    await log.catchUp()
  })

  test('holds on opening what was written before, without what was aborted', async () => {
    const topic = await newTopic()
    const writer = await openWriter()
    await writer.write([
      { topic, key: 'a', value: { n: 1 } },
      { topic, key: 'b', value: { n: 1 } },
    ])
    await writer.write([{ topic, key: 'a', value: { n: 2 } }])
    await writer.write([{ topic, key: 'b', value: null }])
    const producer = await openProducer(inject('kafka').hub, { clientId: 'test', transactionalId: name() })
    const aborted = await producer.begin()
    await aborted.send([{ topic, key: 'a', value: '"aborted"' }])
    await aborted.abort()
    await producer.close()
    const log = await openLog(topic)
    expect([...log.entries()]).toEqual([['a', { n: 2 }]])
  })

  test('follows, and shows after catching up what was written before', async () => {
    const [topic, other] = [await newTopic(), await newTopic()]
    const [log, otherLog] = [await openLog(topic), await openLog(other)]
    const changes: unknown[] = []
    const stop = log.onChange(change => changes.push(change))
    const writer = await openWriter()
    for (let n = 0; n < 20; n++) {
      await writer.write([
        { topic, key: 'a', value: n },
        { topic: other, key: 'b', value: n },
      ])
      await Promise.all([log.catchUp(), otherLog.catchUp()])
      expect([log.get('a'), otherLog.get('b')]).toEqual([n, n])
    }
    expect(changes).toHaveLength(20)
    expect(changes[1]).toEqual({ key: 'a', value: 1, previous: 0 })
    stop()
    await writer.write([{ topic, key: 'a', value: null }])
    await log.catchUp()
    expect(log.get('a')).toBeUndefined()
    expect(changes).toHaveLength(20)
  })

  test('reports a record it cannot read and goes on', async () => {
    const topic = await newTopic()
    const problems: HubError[] = []
    const log = await openLog(topic, { onProblem: problem => problems.push(problem) })
    const producer = await openProducer(inject('kafka').hub, { clientId: 'test' })
    await producer.send([
      { topic, key: 'a', value: '{' },
      { topic, key: 'b', value: '1' },
    ])
    await producer.close()
    await log.catchUp()
    expect([...log.entries()]).toEqual([['b', 1]])
    expect(problems.map(({ code }) => code)).toEqual(['HUB_CONTROL_RECORD'])
  })

  test('begins anew when its topic was made anew', async () => {
    const topic = await newTopic()
    const writer = await openWriter()
    await writer.write([
      { topic, key: 'old', value: 1 },
      { topic, key: 'both', value: 1 },
    ])
    const log = await openLog(topic)
    const admin = openAdmin(inject('kafka').hub)
    closers.push(() => admin.close())
    await admin.deleteTopics([topic])
    await createTopic(topic)
    const fresh = await openWriter()
    await fresh.write([{ topic, key: 'both', value: 2 }])
    await expect.poll(() => [...log.entries()], { timeout: 20_000 }).toEqual([['both', 2]])
    await expect.poll(() => log.problem(), { timeout: 5000 }).toBeUndefined()
  })

  test('says that its topic does not exist', async () => {
    await expect(openLog(name())).rejects.toMatchObject({ code: 'HUB_TOPIC_UNKNOWN' })
  })

  test('ends what waits for it when it is closed', async () => {
    const topic = await newTopic()
    const stop = new AbortController()
    const log = await openLog(topic, { signal: stop.signal })
    const producer = await openProducer(inject('kafka').hub, { clientId: 'test', transactionalId: name() })
    closers.push(() => producer.close())
    const open = await producer.begin()
    await open.send([{ topic, key: 'a', value: '1' }])
    setTimeout(() => stop.abort(), 100)
    await expect(log.catchUp()).rejects.toMatchObject({ code: 'HUB_CONTROL_CLOSED' })
    await log.close()
  })
})

describe('a control writer', () => {
  test('that another one has replaced is refused, and nothing of it appears', async () => {
    const topic = await newTopic()
    const transactionalId = name()
    const first = await openWriter(transactionalId)
    await first.write([{ topic, key: 'a', value: 'first' }])
    const second = await openWriter(transactionalId)
    await expect(first.write([{ topic, key: 'a', value: 'zombie' }])).rejects.toMatchObject({ code: 'HUB_FENCED' })
    await expect(first.write([{ topic, key: 'a', value: 'zombie' }])).rejects.toMatchObject({ code: 'HUB_FENCED' })
    const log = await openLog(topic)
    expect(log.get('a')).toBe('first')
    await second.write([{ topic, key: 'a', value: 'second' }])
    await log.catchUp()
    expect(log.get('a')).toBe('second')
  })

  test('writes all records or none', async () => {
    const topic = await newTopic()
    const writer = await openWriter()
    const records = [
      { topic, key: 'a', value: 1 },
      { topic: name(), key: 'a', value: 1 },
    ]
    await expect(writer.write(records)).rejects.toMatchObject({ code: 'HUB_TOPIC_UNKNOWN' })
    await writer.write([{ topic, key: 'b', value: 1 }])
    const log = await openLog(topic)
    expect([...log.entries()]).toEqual([['b', 1]])
  })

  test('refuses a value that JSON cannot say', async () => {
    const writer = await openWriter()
    await expect(writer.write([{ topic: name(), key: 'a', value: undefined }])).rejects.toThrow(/JSON/)
  })
})
