// For tests: a survey. A Kafka of its own with a user that may read one literal topic and use one prefix of groups, and nothing else; a registry that
// refuses everything but GET; and a producer that is none of ours.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import getPort from 'get-port'
import { type Broker, serverTls, openAdmin, openKafka, openRegistry, openRegistryClient, startBroker } from '#hub'
import { openLink } from '../../chaos/system/link.ts'
import { CACHE_DIR } from '../../paths.ts'
import { pythonVenvIn } from '../../setup/python-venv.ts'

const LIBS = process.env['SKYSIEVE_KAFKA_LIBS'] ?? join(import.meta.dirname, '../../../.cache/kafka-4.3.1')
const MAX_MESSAGE_BYTES = 10_485_760

export const random = (): string => randomBytes(4).toString('hex')

/** A record as the survey's producer gets it: bytes, or alerts that it puts into a container file. */
export interface SurveyRecord {
  readonly partition: number
  readonly timestamp: number
  readonly value?: Buffer
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly alerts?: readonly object[]
  readonly schema?: object
  readonly codec?: 'null' | 'deflate'
}

/** Runs a Python program of this folder on lines of JSON; answers the JSON that it writes. */
export const runPython = async (program: string, lines: readonly unknown[]): Promise<unknown> => {
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const child = spawn(python, [join(import.meta.dirname, program)], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  return JSON.parse(await text(child.stdout))
}

/** How the survey's registry behaves: as it should, as a proxy that wants a login, or not at all. */
export type RegistryMood = 'fine' | 'html' | 'away'

/** Passes GET on to a registry and refuses everything else, as surveys have it in front of theirs. */
const openReadOnly = async (registryUrl: string) => {
  const state: { mood: RegistryMood } = { mood: 'fine' }
  const refused: string[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (state.mood === 'away') return void request.socket.destroy()
    if (state.mood === 'html')
      return void response.setHeader('content-type', 'text/html').end('<html><body>Please sign in</body></html>')
    if (request.method !== 'GET') {
      refused.push(`${request.method} ${request.url}`)
      return void response.writeHead(405).end('{"error_code":405,"message":"only GET"}')
    }
    const found = await fetch(new URL(request.url ?? '', registryUrl))
    response.writeHead(found.status, { 'content-type': found.headers.get('content-type') ?? '' })
    return void response.end(Buffer.from(await found.arrayBuffer()))
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    /** What it was asked and did not do. */
    refused,
    set: (mood: RegistryMood): void => void (state.mood = mood),
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Opens a survey; `speaksTls` puts its broker behind a certificate of its own, `isRelayed` has us come by a link that can be cut. */
export const openSurvey = async ({ speaksTls = false, isRelayed = false } = {}) => {
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-survey-'))
  const tls = speaksTls ? await serverTls(join(dir, 'tls'), 'survey', ['127.0.0.1']) : undefined
  const [outside, relay] = [await getPort(), await getPort()]
  const link = isRelayed ? await openLink(relay, outside) : undefined
  const settings = {
    name: 'survey',
    dir: join(dir, 'broker'),
    libs: LIBS,
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: random() + random(), broker: random() + random() },
    heapMb: 400,
    scramIterations: 4096,
    ...(tls === undefined ? {} : { tls }),
    ...(isRelayed ? { outside: [{ port: outside, advertised: `127.0.0.1:${relay}` }] } : {}),
  }
  let broker: Broker = await startBroker(settings)
  const { access } = broker
  const admin = openAdmin(access)
  await admin.createTopics([{ name: '_schemas', configs: { 'cleanup.policy': 'compact' } }])
  const registry = await openRegistry({ access, port: 0, transactionalId: 'survey' })
  await registry.ready
  const readOnly = await openReadOnly(registry.url)
  const user = 'broker-of-ours'
  const password = random() + random()
  await admin.upsertUser(user, password)
  await admin.grant([{ user, resource: 'group', name: user, match: 'prefixed', operations: ['read'] }])
  const mayRead = (topic: string) => [{ user, resource: 'topic', name: topic, operations: ['read'] } as const]

  return {
    dir,
    admin,
    access,
    tls,
    /** Between it and us, where it is relayed. */
    link,
    /** As whom we come. */
    ours: {
      bootstrap: isRelayed ? `127.0.0.1:${relay}` : access.bootstrap,
      user,
      password,
      ...(tls === undefined ? {} : { ca: tls.ca }),
    },
    registry: readOnly,
    /** Puts a schema in, as the survey does; again while its broker was just restarted. */
    register: async (id: number, schemaJson: string): Promise<void> => {
      const put = (): Promise<void> => openRegistryClient(registry.url).importSchema({ id, schemaJson })
      for (let isIn = false; !isIn;)
        isIn = await put().then(
          () => true,
          () => sleep(200, false),
        )
    },
    /** A topic that we may read, or may not. */
    makeTopic: async (partitions: number, isOurs = true): Promise<string> => {
      const name = `alerts-${random()}`
      await admin.createTopics([{ name, partitions, configs: { 'max.message.bytes': MAX_MESSAGE_BYTES } }])
      if (isOurs) await admin.grant(mayRead(name))
      return name
    },
    grant: (topic: string) => admin.grant(mayRead(topic)),
    revoke: (topic: string) => admin.revoke(mayRead(topic)),
    /** Answers each record's bytes, in order. */
    produce: async (topic: string, records: readonly SurveyRecord[], compression = 'none'): Promise<Buffer[]> => {
      const plan = { ...access, topic, compression }
      const lines = records.map(({ value, ...rest }) =>
        value === undefined ? rest : { ...rest, value: value.toString('base64') },
      )
      const answer = (await runPython('survey_producer.py', [plan, ...lines])) as { failed: string[]; values: string[] }
      if (answer.failed.length > 0) throw new Error(`The survey's producer failed: ${answer.failed[0]}`)
      return answer.values.map(value => Buffer.from(value, 'base64'))
    },
    /** As retention does. */
    deleteBefore: async (topic: string, offset: bigint): Promise<void> => {
      const records = openKafka(access, 'test-survey').admin()
      await records.connect()
      // kafkajs looks the leader up in metadata that this call brings.
      await records.fetchTopicOffsets(topic)
      await records.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
      await records.disconnect()
    },
    killBroker: () => broker.kill(),
    startBroker: async () => {
      broker = await startBroker(settings)
    },
    close: async () => {
      await readOnly.close()
      await link?.close()
      await registry.close()
      await admin.close().catch(() => undefined)
      await broker.kill()
      await rm(dir, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

export type Survey = Awaited<ReturnType<typeof openSurvey>>
