// For tests: a stream of its own on a real broker, an archiver of it in this process, and what came out of it.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import {
  ARCHIVE_TOPIC,
  archiveMetrics,
  type ArchiverOptions,
  type ArchiveStore,
  type BrokerAccess,
  decodeNotice,
  HUB_DEAD_LETTERS,
  type LogRecord,
  type Notice,
  noticesTopic,
  openAdmin,
  openArchive,
  openFileStore,
  openLogReader,
  openProducer,
  openSkyIndex,
  openSyntheticSource,
  parseSchema,
  startArchiver,
  type Stream,
  STREAMS,
} from '#hub'
import { openFeed } from '#mirrors'

export const synthetic = openSyntheticSource()
const schema = parseSchema(synthetic.schemaJson)
const NOTICE_SCHEMA_ID = 100_000

/** Waits until a condition holds; vitest's limit ends a test in which it never does. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await sleep(50)
}

/** All committed records of a topic's partition so far. */
export const readAll = async (access: BrokerAccess, topic: string, partition = 0): Promise<LogRecord[]> => {
  const reader = openLogReader(access, { clientId: 'test-read', topic, partition })
  try {
    const records: LogRecord[] = []
    for (let page = await reader.read('earliest', 0); ; page = await reader.read(page.next, 0)) {
      records.push(...page.records)
      if (page.next >= page.end) return records
    }
  } finally {
    await reader.close()
  }
}

/** Makes what every archiver needs on a broker, and a topic and a notices topic of a stream. */
export const makeTopics = async (
  access: BrokerAccess,
  { name, topic }: Pick<Stream, 'name' | 'topic'>,
): Promise<void> => {
  const admin = openAdmin(access)
  try {
    const known = await admin.listTopics()
    const compact = { 'cleanup.policy': 'compact' }
    const wanted = [
      { name: topic, partitions: 3, configs: { 'max.message.bytes': 10_485_760 } },
      { name: noticesTopic(name), partitions: 1 },
      { name: ARCHIVE_TOPIC, partitions: 1, configs: compact },
      { name: '_schemas', partitions: 1, configs: compact },
      { name: HUB_DEAD_LETTERS, partitions: 1, configs: { 'max.message.bytes': 10_485_760 } },
    ]
    await admin.createTopics(wanted.filter(one => !known.includes(one.name)))
  } finally {
    await admin.close()
  }
}

/** A stream with a topic of its own, and everything a test asks about its archive. */
export const openArchiving = async (access: BrokerAccess) => {
  const suffix = randomBytes(4).toString('hex')
  const stream: Stream = { ...STREAMS.lsst, name: `test-${suffix}`, topic: `test.archive.${suffix}` }
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-archiver-'))
  await makeTopics(access, stream)
  const producer = await openProducer(access, { clientId: 'test-archive' })
  const log = pino({ level: 'silent' })
  const reader = await openFileStore(join(dir, 'objects'))

  /** Starts an archiver; `change` may put something in its store's way. */
  const start = async (change: Partial<ArchiverOptions> = {}) => {
    const store: ArchiveStore = await openFileStore(join(dir, 'objects'))
    const index = openSkyIndex(join(dir, 'index.sqlite'))
    const archiver = startArchiver({
      access,
      stream,
      store,
      index,
      schemaOf: id => (id === synthetic.schemaId ? schema : undefined),
      openFeed: (from, signal) =>
        openFeed({ access, clientId: 'test-archiver', topic: stream.topic, from, signal, maxBytes: 16 * 1024 * 1024 }),
      noticeSchemaId: () => NOTICE_SCHEMA_ID,
      metrics: archiveMetrics(new Registry()),
      log,
      ...change,
    })
    return {
      ...archiver,
      index,
      close: async () => {
        await archiver.close()
        index.close()
        await store.close()
      },
    }
  }

  return {
    stream,
    dir,
    start,
    archive: openArchive({ store: reader, stream: stream.name }),
    store: reader,
    send: (values: readonly Buffer[]) => producer.send(values.map(value => ({ topic: stream.topic, value }))),
    notices: async (): Promise<Notice[]> =>
      (await readAll(access, noticesTopic(stream.name))).map(({ value }) => decodeNotice(value ?? Buffer.alloc(0))),
    deadLetters: async (): Promise<LogRecord[]> =>
      (await readAll(access, HUB_DEAD_LETTERS)).filter(({ headers }) =>
        headers.some(([name, value]) => name === 'skysieve-source' && String(value).startsWith(`${stream.topic}-`)),
      ),
    close: async () => {
      await producer.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Packets of a synthetic visit. */
export const visit = (number: number, alerts: number) =>
  Array.from({ length: alerts }, (_, at) => synthetic.packet(number, at))
