import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { parseSchema } from '../../avro/schema/parse-schema.ts'
import { openAdmin } from '../../kafka/admin/open-admin.ts'
import { openProducer } from '../../kafka/produce/producer.ts'
import { noticesTopic } from '../../notices/notice.ts'
import { ARCHIVE_TOPIC } from '../ingest/archiver-positions.ts'
import { STREAMS } from '../../streams.ts'
import { openSyntheticSource } from '../../synthetic/source.ts'
import { openArchive } from './archive-reader.ts'
import { startArchiver } from '../ingest/archiver.ts'
import { openLogFeed } from '../ingest/log-feed.fixture.ts'
import { archiveMetrics } from '../ingest/metrics.ts'
import { openSkyIndex } from '../index/sky-index.ts'
import { startS3Server } from './s3-server.fixture.ts'
import { openS3Store } from './s3-store.ts'
import { describeStore } from './store-conformance.fixture.ts'

let server: Awaited<ReturnType<typeof startS3Server>>
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(() => server?.close())

describe('S3', () => {
  describeStore('S3', async () => {
    const settings = server.settings(`test-${randomBytes(4).toString('hex')}`)
    return { open: async () => openS3Store(settings) }
  })

  test('a server that answers 500 is told with what was attempted, and the same call succeeds later', async () => {
    const store = openS3Store(server.relayed('failing'))
    server.fail(500)
    await expect(store.put('v2/schemas/1.json', Buffer.from('{}'))).rejects.toMatchObject({
      code: 'HUB_ARCHIVE_WRITE',
      message: expect.stringContaining('Storing v2/schemas/1.json in the bucket alerts failed'),
    })
    await expect(store.get('v2/schemas/1.json')).rejects.toMatchObject({ code: 'HUB_ARCHIVE_READ' })
    server.fail('none')
    expect(await store.put('v2/schemas/1.json', Buffer.from('{}'))).toBe('stored')
    expect(String(await store.get('v2/schemas/1.json'))).toBe('{}')
    await store.close()
  })

  test('one that fails for a moment is asked again, and nobody notices', async () => {
    const store = openS3Store(server.relayed('moment'))
    server.fail(503)
    setTimeout(() => server.fail('none'), 50)
    expect(await store.put('v2/schemas/1.json', Buffer.from('{}'))).toBe('stored')
    await store.close()
  })

  test('a bucket that is not there is an error, not an empty archive', async () => {
    const store = openS3Store({ ...server.settings('x'), bucket: 'no-such-bucket' })
    await expect(store.get('v2/schemas/1.json')).rejects.toMatchObject({ code: 'HUB_ARCHIVE_READ' })
    await store.close()
  })

  test('a server that is not there is told', async () => {
    const store = openS3Store({ ...server.settings('x'), endpoint: 'http://127.0.0.1:9' })
    await expect(store.put('v2/schemas/1.json', Buffer.from('{}'))).rejects.toMatchObject({ code: 'HUB_ARCHIVE_WRITE' })
    await store.close()
  })

  test(
    'an archiver whose server fails, and then does not answer, waits and loses nothing',
    { timeout: 120_000 },
    async () => {
      const access = inject('kafka').hub
      const suffix = randomBytes(4).toString('hex')
      const stream = { ...STREAMS.lsst, name: `s3-${suffix}`, topic: `test.s3.${suffix}` }
      const admin = openAdmin(access)
      const known = await admin.listTopics()
      const wanted = [stream.topic, noticesTopic(stream.name), ARCHIVE_TOPIC].filter(name => !known.includes(name))
      await admin.createTopics(
        wanted.map(name => ({
          name,
          partitions: 1,
          configs: name === ARCHIVE_TOPIC ? { 'cleanup.policy': 'compact' } : { 'max.message.bytes': 10_485_760 },
        })),
      )
      await admin.close()
      const source = openSyntheticSource()
      const alerts = Array.from({ length: 30 }, (_, at) => source.packet(12, at))
      const producer = await openProducer(access, { clientId: 'test-s3' })
      const send = (from: number, to: number): Promise<void> =>
        producer.send(alerts.slice(from, to).map(({ packet }) => ({ topic: stream.topic, value: packet })))
      const dir = await mkdtemp(join(tmpdir(), 'skysieve-s3-'))
      const index = openSkyIndex(join(dir, 'index.sqlite'))
      const store = openS3Store(server.relayed(`archiver-${suffix}`))
      const schema = parseSchema(source.schemaJson)
      const archiver = startArchiver({
        access,
        stream,
        store,
        index,
        schemaOf: () => schema,
        openFeed: async (from, signal) => openLogFeed(access, stream.topic, from, signal),
        noticeSchemaId: () => 100_000,
        metrics: archiveMetrics(new Registry()),
        log: pino({ level: 'silent' }),
      })
      const archived = async (count: number): Promise<void> => {
        while (index.totals().alerts < count) await sleep(50)
      }
      await send(0, 10)
      await archived(10)
      server.fail(500)
      await send(10, 20)
      while (archiver.problem()?.includes('failed') !== true) await sleep(50)
      server.fail('none')
      await archived(20)
      server.fail('silence')
      await send(20, 30)
      await sleep(300)
      expect(index.totals().alerts).toBe(20)
      // Connections that got no answer end, as when a server comes back.
      server.fail('none')
      await archived(30)
      const archive = openArchive({ store, stream: stream.name })
      for (const { alertId, packet } of alerts)
        expect(packet.equals(gunzipSync((await archive.packet(alertId)) ?? ''))).toBe(true)
      await archiver.close()
      await producer.close()
      await store.close()
      index.close()
      await rm(dir, { recursive: true })
    },
  )
})
