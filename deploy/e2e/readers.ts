// Three stock clients that read a filter's topic from its beginning to its end: kafkajs, kcat, Python's confluent-kafka.
import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Admin } from 'kafkajs'
import { type BrokerAccess, openKafka } from '#hub'
import { pythonVenvIn } from '../setup/python-venv.ts'
import { CACHE_DIR } from '../paths.ts'
import { type Subscriber } from './client.ts'

export interface Delivery {
  readonly sha256: string
  readonly value: Buffer
  readonly headers: Readonly<Record<string, string>>
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const LEADER_TRIES = 40

/** A topic that was made a moment ago has no leader yet. */
const endsOf = async (admin: Admin, topic: string): ReturnType<Admin['fetchTopicOffsets']> => {
  for (let tried = 1; ; tried++)
    try {
      return await admin.fetchTopicOffsets(topic)
    } catch (error) {
      const isPassing = error instanceof Error && 'retriable' in error && error.retriable === true
      if (!isPassing || tried === LEADER_TRIES) throw error
      await sleep(250)
    }
}

/** All that a read_committed reader sees now, with kafkajs; `group` where the user may join none other. */
export const readAll = async (access: BrokerAccess, topic: string, group: string): Promise<readonly Delivery[]> => {
  const kafka = openKafka(access, 'e2e')
  const admin = kafka.admin()
  await admin.connect()
  const ends = await endsOf(admin, topic)
  await admin.disconnect()
  const left = new Map(
    ends.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, BigInt(high)]),
  )
  if (left.size === 0) return []
  const consumer = kafka.consumer({ groupId: `${group}${randomUUID()}`, readUncommitted: false })
  const found: Delivery[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
  // Markers at the end of a partition are fetched but not handed out: the end of a fetch counts, not the last message.
  consumer.on('consumer.end_batch_process', ({ payload: { partition, lastOffset } }) => {
    if (BigInt(lastOffset) + 1n >= (left.get(partition) ?? 0n)) left.delete(partition)
    if (left.size === 0) resolve()
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { value, headers } of batch.messages) {
          const bytes = value ?? Buffer.alloc(0)
          const named = Object.entries(headers ?? {}).map(([key, text]) => [key, String(text)])
          found.push({ sha256: sha256(bytes), value: bytes, headers: Object.fromEntries(named) })
        }
      },
    })
    await promise
  } finally {
    await consumer.disconnect()
  }
  return found
}

/** SHA-256 of each delivery, with kcat. */
export const readWithKcat = async ({ bootstrap, user, password, topic }: Subscriber): Promise<readonly string[]> => {
  const file = join(mkdtempSync(join(tmpdir(), 'skysieve-kcat-')), 'kcat.conf')
  const settings = {
    'bootstrap.servers': bootstrap,
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.username': user,
    'sasl.password': password,
    'isolation.level': 'read_committed',
  }
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
    { mode: 0o600 },
  )
  // -m: seconds for the broker's first answer. %R is the length of the value in network byte order.
  const bytes = await outputOf(
    'kcat',
    ['-F', file, '-m', '60', '-C', '-q', '-t', topic, '-o', 'beginning', '-e', '-f', '%R%s'],
    '',
    { LD_LIBRARY_PATH: recentLibrdkafka() },
  )
  const hashes: string[] = []
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at)
    hashes.push(sha256(bytes.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return hashes
}

export interface DecodedDelivery {
  readonly alert: string
  readonly visit: string
  readonly magic: number
  readonly sha256: string
  readonly headers: Readonly<Record<string, string>>
}

/** Each delivery with its schema from the registry and its alert decoded, with confluent-kafka and fastavro. */
export const readWithPython = async (
  subscriber: Subscriber,
  registryUrl: string,
): Promise<readonly DecodedDelivery[]> => {
  const { bootstrap, user, password, topic, groupPrefix } = subscriber
  const plan = { bootstrap, user, password, topic, group: `${groupPrefix}python`, registry: registryUrl }
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const output = await outputOf(python, [join(import.meta.dirname, 'read_deliveries.py')], JSON.stringify(plan))
  return output
    .toString('utf8')
    .split('\n')
    .filter(line => line !== '')
    .map((line): DecodedDelivery => JSON.parse(line))
}

/**
 * A directory with the librdkafka that Python's wheel brings, under the name kcat looks for. Debian 12's own 2.0.2 answers a SCRAM challenge with its
 * nonce twice, which Kafka takes for a wrong password since CVE-2024-56128 was closed.
 */
export const recentLibrdkafka = (): string => {
  const bundled = readdirSync(join(pythonVenvIn(CACHE_DIR), 'lib'))
    .map(python => join(pythonVenvIn(CACHE_DIR), 'lib', python, 'site-packages/confluent_kafka.libs'))
    .flatMap(libs => readdirSync(libs).map(name => join(libs, name)))
    .find(file => basename(file).startsWith('librdkafka'))
  if (bundled === undefined)
    throw new Error('the Python environment has no librdkafka; remove .cache/python-* and run npm test again')
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-librdkafka-'))
  symlinkSync(bundled, join(dir, 'librdkafka.so.1'))
  return dir
}

const outputOf = async (
  command: string,
  args: readonly string[],
  stdin: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Buffer> => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  child.stdin.end(stdin)
  const chunks: Buffer[] = []
  let complaint = ''
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${complaint}`)
  return Buffer.concat(chunks)
}
