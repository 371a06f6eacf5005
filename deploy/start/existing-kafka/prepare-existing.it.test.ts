// A Kafka of somebody else's, as a node finds it: one where the file's user may do everything, and one where it may do nothing until an operator has
// typed what this start asks for.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  adminAccess,
  awaitBroker,
  type Broker,
  type BrokerAccess,
  brokerCommand,
  brokerFiles,
  javaEnvironment,
  type JavaProcess,
  openAdmin,
  openProducer,
  prepareBroker,
  startBroker,
  startJavaProcess,
} from '#hub'
import { kafkaJarsIn } from '../../setup/kafka-jars.ts'
import { CACHE_DIR } from '../../paths.ts'
import { nodeDir, type NodeKafka, type NodeLayout, nodeLayout } from '../layout/node-layout.ts'
import { HUB_USERS } from '../layout/kafka-users.ts'
import { hubNeeds } from './needs.ts'
import { prepareHubKafka } from './prepare-hub-kafka.ts'
import { joinKafka, prepareNodeKafka } from './prepare-node-kafka.ts'
import { reachKafka } from './prepare-existing.ts'

const LIBS = process.env['SKYSIEVE_KAFKA_LIBS'] ?? kafkaJarsIn(CACHE_DIR)
const root = mkdtempSync(join(tmpdir(), 'skysieve-existing-'))
const secret = (): string => randomBytes(12).toString('hex')
let broker: Broker
let kafka: NodeKafka
/** Its user logs in, and has no rights at all. */
let poor: NodeKafka

beforeAll(async () => {
  broker = await startBroker({
    name: 'theirs',
    dir: join(root, 'theirs'),
    libs: LIBS,
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: secret(), broker: secret() },
    heapMb: 256,
    scramIterations: 4096,
  })
  const { bootstrap, user, password } = broker.access
  kafka = { bootstrap, admin: { user, password } }
  const visitor = { user: 'visitor', password: secret() }
  poor = { bootstrap, admin: visitor }
  await asOperator(admin => admin.upsertUser(visitor.user, visitor.password))
})
afterAll(async () => {
  await broker?.kill()
  rmSync(root, { recursive: true, force: true, maxRetries: 3 })
})

const asOperator = async <T>(work: (admin: ReturnType<typeof openAdmin>) => Promise<T>): Promise<T> => {
  const admin = openAdmin(broker.access)
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

const joined = {
  hub: { bootstrap: '127.0.0.1:1' },
  hubUsers: { mirrorMaker: { user: 'm', password: 'p' }, worker: { user: 'w', password: 'p' } },
  apiUser: { user: 'skysieve-api', password: secret() },
  alertTopics: [
    { name: 'lsst-alerts-v11', partitions: 3 },
    { name: 'ztf-alerts', partitions: 2 },
  ],
  metricsTokenSha256: 'a'.repeat(64),
}

const nodeOf = (name: string, kafka: NodeKafka): NodeLayout =>
  nodeLayout(
    {
      name,
      dir: nodeDir(root, name),
      ports: { broker: 1, controller: 1, mirrorMaker: 1, workerOps: 1 },
      secrets: { admin: secret(), broker: secret(), mirrorMaker: secret(), worker: secret() },
      shards: 1,
      lists: [],
      kafka,
    },
    { tls: undefined, outside: undefined },
  )

const prepare = (node: NodeLayout, kafka: NodeKafka, note: (text: string) => void = () => undefined, more = {}) =>
  prepareNodeKafka(node, kafka, { ...joined, ...more }, { note, signal: AbortSignal.timeout(300_000) })

/** The program that the command line of Kafka's own script runs. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'kafka-topics.sh': 'org.apache.kafka.tools.TopicCommand',
  'kafka-configs.sh': 'kafka.admin.ConfigCommand',
  'kafka-acls.sh': 'org.apache.kafka.tools.AclCommand',
}

/** Types a command as its operator does, with the login of its administrator in admin.properties. */
const type = async (command: string): Promise<void> => {
  const [program = '', ...args] = command.match(/'[^']*'|\S+/g) ?? []
  const plain = args.map(arg => arg.replaceAll("'", ''))
  const flags = ['-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', join(LIBS, '*')]
  const { promise: ended, resolve } = Promise.withResolvers<{
    readonly how: string
    readonly tail: readonly string[]
  }>()
  startJavaProcess(
    {
      command: 'java',
      args: [...flags, PROGRAMS[program] ?? program, ...plain],
      env: javaEnvironment(),
      cwd: root,
    },
    { onEnd: (how, tail) => resolve({ how, tail }) },
  )
  const { how, tail } = await ended
  if (how !== 'code 0') throw new Error(`${command} failed (${how}): ${tail.join('\n')}`)
}

describe('where the file’s user may do everything', () => {
  test('topics, users and rights are made, once and for all, and the node’s users can work', async () => {
    const node = nodeOf('lyon', kafka)
    const notes: string[] = []
    await prepare(node, kafka, line => void notes.push(line))
    await prepare(node, kafka, line => void notes.push(line))
    expect(notes).toEqual([])
    const topics = await asOperator(admin => admin.listTopics())
    expect(topics).toEqual(expect.arrayContaining(['lsst-alerts-v11', 'skysieve.progress', '_schemas']))
    const worker: BrokerAccess = { ...broker.access, user: 'skysieve-worker-lyon', password: node.secrets.worker }
    const producer = await openProducer(worker, { clientId: 'test', transactionalId: 'skysieve.lyon.0' })
    const transaction = await producer.begin()
    await transaction.send([{ topic: 'skysieve.progress', key: 'barrier/1', value: 'x' }])
    await transaction.commit()
    await producer.close()
    expect(await joinKafka(kafka, { note: () => undefined, signal: AbortSignal.timeout(60_000) })).toEqual({
      bootstrap: kafka.bootstrap,
      makesUsers: true,
    })
  })

  test('what is kept for how long its operator decides; what a packet needs is set', async () => {
    await asOperator(admin =>
      admin.createTopics([
        { name: 'ztf-alerts', partitions: 2, configs: { 'retention.ms': 3_600_000, 'max.message.bytes': 1000 } },
      ]),
    )
    await prepare(nodeOf('lyon', kafka), kafka)
    const configs = await asOperator(admin => admin.topicConfigs('ztf-alerts'))
    expect(configs).toMatchObject({ 'retention.ms': '3600000', 'max.message.bytes': String(16 * 1024 * 1024) })
  })

  test('the hub’s own cluster is refused, and so is another one than the node began with', async () => {
    const { user, password } = broker.access
    const here = { hub: { bootstrap: kafka.bootstrap }, hubUsers: { ...joined.hubUsers, worker: { user, password } } }
    await expect(prepare(nodeOf('paris', kafka), kafka, undefined, here)).rejects.toMatchObject({
      code: 'DEPLOY_KAFKA',
      message: expect.stringContaining('the hub'),
    })
    const node = nodeOf('lyon', kafka)
    writeFileSync(join(node.dir, 'kafka-cluster'), 'another\n')
    await expect(prepare(node, kafka)).rejects.toMatchObject({ code: 'DEPLOY_DATA_DIR' })
  })
})

describe('a hub', () => {
  const logins = HUB_USERS.map(user => ({ user, password: secret() }))
  const prepareHub = (kafka: NodeKafka, dir: string, note: (text: string) => void = () => undefined) => {
    const needs = hubNeeds({ alerts: 100, partitions: 3 }, kafka, logins)
    return prepareHubKafka(needs, kafka, join(root, dir), { note, signal: AbortSignal.timeout(300_000) })
  }

  test('has its control topics compacted, whatever they were before, and its users in it', async () => {
    await asOperator(admin => admin.createTopics([{ name: 'skysieve.accounts' }]))
    await prepareHub(kafka, 'hub')
    expect(await asOperator(admin => admin.topicConfigs('skysieve.accounts'))).toMatchObject({
      'cleanup.policy': 'compact',
    })
    const api = openAdmin({ ...broker.access, ...logins.find(({ user }) => user === 'skysieve-api') })
    expect((await api.viewCluster()).operations).toContain('alter')
    await api.close()
  })

  test('that may set nothing says what is wrong with a topic, and goes on when it was set', async () => {
    await asOperator(async admin => {
      await admin.createTopics([{ name: 'skysieve.nodes', configs: { 'cleanup.policy': 'delete' } }])
      const { user } = poor.admin
      await admin.grant([{ user, resource: 'topic', name: '*', operations: ['describe', 'describe-configs'] }])
    })
    const told: string[] = []
    const asked = Promise.withResolvers<void>()
    const preparing = prepareHub(poor, 'poor-hub', line => {
      told.push(line)
      asked.resolve()
    })
    await Promise.race([preparing, asked.promise])
    expect(told[0]).toContain('topic skysieve.nodes needs cleanup.policy=compact')
    await asOperator(admin =>
      admin.createTopics([{ name: 'skysieve.nodes', configs: { 'cleanup.policy': 'compact' } }]),
    )
    await preparing
    expect(told.at(-1)).toContain('All that was missing is there')
    await asOperator(admin => admin.revokeAll(poor.admin.user))
  })
})

test('a user that is not let in ends the start, and its password is not shown', async () => {
  const wrong = { ...kafka, admin: { user: 'visitor', password: 'not-the-password' } }
  const failure: unknown = await reachKafka(wrong, {
    note: () => undefined,
    signal: AbortSignal.timeout(60_000),
  }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'DEPLOY_KAFKA', message: expect.stringContaining('visitor') })
  expect(String(failure)).not.toContain('not-the-password')
})

describe('without an authorizer', () => {
  let bare: JavaProcess | undefined
  let open: NodeKafka
  beforeAll(async () => {
    const settings = {
      name: 'bare',
      dir: join(root, 'bare'),
      libs: LIBS,
      ports: { client: await getPort(), controller: await getPort() },
      secrets: { admin: secret(), broker: secret() },
      heapMb: 256,
      scramIterations: 4096,
    }
    await prepareBroker(settings)
    const file = brokerFiles(settings.dir).properties
    const own = readFileSync(file, 'utf8').split('\n')
    writeFileSync(file, own.filter(line => !/^(authorizer|super|allow)\./.test(line)).join('\n'))
    bare = startJavaProcess(brokerCommand(settings), { onEnd: () => undefined })
    await awaitBroker(settings)
    const { bootstrap, user, password } = adminAccess(settings)
    open = { bootstrap, admin: { user, password } }
  })
  afterAll(() => bare?.kill())

  test('a node has its topics and users, and subscribers’ are its operator’s to make', async () => {
    const notes: string[] = []
    await prepare(nodeOf('rome', open), open, line => void notes.push(line))
    expect(notes).toEqual([])
    const retry = { note: () => undefined, signal: AbortSignal.timeout(60_000) }
    expect(await joinKafka(open, retry)).toMatchObject({ makesUsers: false })
  })

  test('a hub is refused, with what to do', async () => {
    const needs = hubNeeds({ alerts: 100, partitions: 1 }, open, [])
    const retry = { note: () => undefined, signal: AbortSignal.timeout(60_000) }
    await expect(prepareHubKafka(needs, open, join(root, 'bare-hub'), retry)).rejects.toMatchObject({
      code: 'DEPLOY_KAFKA',
      message: expect.stringContaining('authorizer.class.name'),
    })
  })
})

describe('where it may do nothing', () => {
  test('all that lacks is told with the commands for it, and the start goes on once they were typed', async () => {
    await asOperator(admin => admin.deleteTopics(['skysieve.progress', 'skysieve.logs', 'ztf-alerts']))
    await asOperator(admin => admin.createTopics([{ name: 'ztf-alerts', partitions: 2 }]))
    const node = nodeOf('oslo', poor)
    const { user, password } = broker.access
    writeFileSync(
      join(root, 'admin.properties'),
      `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${password}";\n`,
      { mode: 0o600 },
    )
    const notes: string[] = []
    const file = join(node.dir, 'kafka-missing.sh')
    const asked = Promise.withResolvers<void>()
    const preparing = prepare(node, poor, line => {
      notes.push(line)
      asked.resolve()
    })
    await Promise.race([preparing, asked.promise])
    expect(notes[0]).toContain('This start waits until it is there')
    const passwords = join(node.dir, 'kafka-users/skysieve-worker-oslo.properties')
    expect(statSync(passwords).mode & 0o777).toBe(0o600)
    // What it may not even see it has to be let see first: round after round its operator types what is asked for.
    const typed = new Set<string>()
    const over = new AbortController()
    void preparing.finally(() => over.abort()).catch(() => undefined)
    while (!over.signal.aborted) {
      const commands = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
      for (const command of commands.filter(command => !typed.has(command))) {
        typed.add(command)
        expect(command).not.toContain(node.secrets.worker)
        await type(command)
      }
      await sleep(100)
    }
    await preparing
    expect(notes.at(-1)).toContain('All that was missing is there')
    expect(existsSync(passwords)).toBe(false)
  }, 300_000)
})
