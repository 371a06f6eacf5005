import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import getPort from 'get-port'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Broker,
  type BrokerAccess,
  type ClusterAdmin,
  serverTls,
  openAdmin,
  openKafka,
  openLogReader,
  openProducer,
  type Tls,
  startBroker,
} from '#hub'
import { recentLibrdkafka } from '../e2e/readers.ts'
import { kafkaJarsIn } from '../setup/kafka-jars.ts'
import { pythonVenvIn } from '../setup/python-venv.ts'
import { CACHE_DIR } from '../paths.ts'

/** Short, so that sessions are soon asked to log in again; kafkajs does so 10 s before it has to, and the broker wants a second between. */
const REAUTHENTICATE_MS = 11_500
const TOPIC = 'alerts'

let dir: string
let tls: Tls
let caFile: string
let broker: Broker
let admin: ClusterAdmin
let reader: BrokerAccess

const secret = (): string => randomBytes(12).toString('hex')
const newReader = async (): Promise<BrokerAccess> => {
  const access = { ...broker.access, user: `reader-${randomBytes(3).toString('hex')}`, password: secret() }
  const { user } = access
  await admin.upsertUser(user, access.password)
  await admin.grant([
    { user, resource: 'topic', name: TOPIC, operations: ['read', 'describe'] },
    { user, resource: 'group', name: user, operations: ['all'] },
  ])
  return access
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-tls-test-'))
  tls = await serverTls(join(dir, 'tls'), 'hub', ['127.0.0.1', 'localhost'])
  caFile = join(dir, 'tls', 'ca.pem')
  broker = await startBroker({
    name: 'hub',
    dir: join(dir, 'hub'),
    libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? kafkaJarsIn(CACHE_DIR),
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: secret(), broker: secret() },
    heapMb: 256,
    scramIterations: 4096,
    reauthenticateMs: REAUTHENTICATE_MS,
    tls,
  })
  admin = openAdmin(broker.access)
  await admin.createTopics([{ name: TOPIC }])
  const producer = await openProducer(broker.access, { clientId: 'test', transactionalId: 'test' })
  const transaction = await producer.begin()
  await transaction.send([{ topic: TOPIC, value: 'packet' }])
  await transaction.commit()
  await producer.close()
  reader = await newReader()
})
afterAll(async () => {
  await admin?.close()
  await broker?.kill()
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
})

const run = async (command: string, args: readonly string[], stdin = '', env = {}): Promise<string> => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  child.stdin.end(stdin)
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  return out === '' ? complaint : out
}
const readWithKcat = async ({ bootstrap, user, password }: BrokerAccess, ca: string): Promise<string> => {
  const file = join(dir, 'kcat.conf')
  const settings = {
    'bootstrap.servers': bootstrap,
    'security.protocol': 'sasl_ssl',
    'ssl.ca.location': ca,
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.username': user,
    'sasl.password': password,
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
  await writeFile(file, lines.join(''), { mode: 0o600 })
  const args = ['-F', file, '-C', '-q', '-t', TOPIC, '-o', 'beginning', '-c', '1', '-m', '5', '-f', '%s']
  return run('kcat', args, '', { LD_LIBRARY_PATH: recentLibrdkafka() })
}
const PYTHON = `
import json, sys
from confluent_kafka import Consumer
plan = json.load(sys.stdin)
consumer = Consumer({
    "bootstrap.servers": plan["bootstrap"], "security.protocol": "SASL_SSL", "ssl.ca.location": plan["ca"],
    "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": plan["user"], "sasl.password": plan["password"],
    "group.id": plan["user"], "auto.offset.reset": "earliest", "enable.auto.commit": False,
})
consumer.subscribe([plan["topic"]])
message = None
while message is None:
    message = consumer.poll(1.0)
print(message.value().decode())
consumer.close()
`
const readWithKafkajs = async (
  { bootstrap, user, password }: BrokerAccess,
  ca: string | undefined,
): Promise<string> => {
  const kafka = new Kafka({
    brokers: [bootstrap],
    ssl: ca === undefined ? false : { ca },
    sasl: { mechanism: 'scram-sha-512', username: user, password },
    retry: { retries: 0 },
    connectionTimeout: 3000,
    logLevel: logLevel.NOTHING,
  })
  const consumer = kafka.consumer({ groupId: user, maxWaitTimeInMs: 50 })
  const first = Promise.withResolvers<string>()
  try {
    await consumer.connect()
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
    await consumer.run({ autoCommit: false, eachMessage: async ({ message }) => first.resolve(String(message.value)) })
    return await first.promise
  } finally {
    await consumer.disconnect()
  }
}

test('three stock clients read over TLS: kcat, Python’s confluent-kafka and kafkajs', async () => {
  expect(await readWithKcat(reader, caFile)).toBe('packet')
  const { bootstrap, user, password } = reader
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const plan = JSON.stringify({ bootstrap, user, password, topic: TOPIC, ca: caFile })
  expect(await run(python, ['-c', PYTHON], plan)).toBe('packet\n')
  expect(await readWithKafkajs(reader, tls.ca)).toBe('packet')
})

test('a client that does not trust the authority, or speaks plain text, reads nothing', async () => {
  const other = await serverTls(join(dir, 'other'), 'hub', ['127.0.0.1'])
  await expect(readWithKafkajs(reader, other.ca)).rejects.toThrow(/./)
  await expect(readWithKafkajs(reader, undefined)).rejects.toThrow(/./)
  expect(await readWithKcat(reader, join(dir, 'other', 'ca.pem'))).toMatch(/SSL|certificate|transport failure/i)
})

test('our own reader, producer and consumer go on through re-authentications', async () => {
  const log = openLogReader(broker.access, { clientId: 'test', topic: TOPIC })
  const producer = await openProducer(broker.access, { clientId: 'test-plain' })
  const consumer = openKafka(reader, 'test').consumer({ groupId: reader.user, maxWaitTimeInMs: 50 })
  const read: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void read.push(String(message.value)) })
  const rounds = 4
  for (let round = 1; round <= rounds; round += 1) {
    await producer.send([{ topic: TOPIC, value: `round ${round}` }])
    await expect.poll(() => read, { timeout: 20_000 }).toContain(`round ${round}`)
    await new Promise(resolve => setTimeout(resolve, REAUTHENTICATE_MS / 4))
  }
  const { records } = await log.read('earliest', 0)
  expect(records.length).toBe(rounds + 1)
  await Promise.all([log.close(), producer.close(), consumer.disconnect()])
})

test('the open session of a user whose name was taken away ends at its next re-authentication, even with its rights left', async () => {
  const access = await newReader()
  const client = openKafka(access, 'test', { retry: { retries: 0 } })
  const consumer = client.consumer({ groupId: access.user, maxWaitTimeInMs: 50, retry: { retries: 0 } })
  const first = Promise.withResolvers<void>()
  const crash = Promise.withResolvers<Error>()
  consumer.on('consumer.crash', ({ payload }) => crash.resolve(payload.error))
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  await consumer.run({ eachMessage: async () => first.resolve() })
  await first.promise
  await admin.deleteUser(access.user)
  expect((await crash.promise).message).toMatch(/authentication|closed|credentials/i)
  await consumer.disconnect()
})
