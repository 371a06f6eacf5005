// Every program that a topic's page shows, run as it is shown, by the clients that Debian 12 and PyPI serve, against a plain broker and one of TLS.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import {
  type Broker,
  type BrokerAccess,
  serverTls,
  encodeNotice,
  noticeOf,
  noticesTopic,
  openAdmin,
  openProducer,
  startBroker,
} from '#hub'
import { kafkaJarsIn } from '../../setup/kafka-jars.ts'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { CACHE_DIR } from '../../paths.ts'
import { type TestInstance, type CliRun, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const STREAM = 'lsst-alerts-v11'
const NOTICES = noticesTopic('lsst')
const CA_FILE = 'skysieve-ca.pem'
const SOURCE = 'export const filter = alert => alert.diaSource.psfFlux > 0'
/** What Debian 12's librdkafka is older than. */
const LOGS_IN = [2, 6, 1]

interface Running {
  /** Resolves with the first line that looks so; rejects with all that was said when the program ends without it. */
  readonly line: Promise<string>
  end(): Promise<void>
}

/** A program in a process group of its own, which ends with it. */
const start = (command: readonly string[], like: RegExp, cwd: string, env: Record<string, string>): Running => {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const found = Promise.withResolvers<string>()
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', line => {
      said.push(line)
      if (like.test(line)) found.resolve(line)
    })
  const ended = new Promise<void>(resolve => {
    child.once('close', () => {
      found.reject(new Error(`${command.join(' ')} ended: ${said.join('\n')}`))
      resolve()
    })
  })
  child.once('error', found.reject)
  return {
    line: found.promise,
    async end() {
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // It has ended.
      }
      await ended
    },
  }
}

const debianKcat = async (): Promise<string> => {
  const asked = start(['kcat', '-V'], /librdkafka/, '/', {})
  const line = await asked.line
  await asked.end()
  return /librdkafka ([\d.]+)/.exec(line)?.[1] ?? ''
}
const isOlder = (version: string): boolean => {
  const parts = version.split('.').map(Number)
  const at = LOGS_IN.findIndex((part, index) => part !== parts[index])
  return at >= 0 && (parts[at] ?? 0) < LOGS_IN[at]!
}

/** Another broker, which speaks TLS; those of one folder have one authority. */
const secureBroker = async (dir: string, name: string): Promise<Broker> => {
  const secret = (): string => randomBytes(12).toString('hex')
  return startBroker({
    name,
    dir: join(dir, name),
    libs: process.env['SKYSIEVE_KAFKA_LIBS'] ?? kafkaJarsIn(CACHE_DIR),
    ports: { client: await getPort(), controller: await getPort() },
    secrets: { admin: secret(), broker: secret() },
    heapMb: 256,
    scramIterations: 4096,
    tls: await serverTls(join(dir, 'tls'), name, ['127.0.0.1', 'localhost']),
  })
}

const json = ({ stdout, stderr }: CliRun) => {
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

describe.each(['plain', 'tls'] as const)('a system that speaks %s', kind => {
  let dir: string
  let brokers: readonly Broker[] = []
  let hub: BrokerAccess
  let node: BrokerAccess
  let instance: TestInstance
  let url: string
  let anna: (...argv: string[]) => Promise<CliRun>
  let topic: string
  const tls = kind === 'tls'

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'skysieve-paste-test-'))
    brokers = tls ? [await secureBroker(dir, 'hub'), await secureBroker(dir, 'node')] : []
    ;[hub, node] = [brokers[0]?.access ?? kafka.hub, brokers[1]?.access ?? kafka.node]
    instance = await openTestInstance({ hub, node }, { settings: { credentialsPerAccount: 40 } })
    await instance.startRedis()
    ;({ url } = await instance.open())
    const made = await instance.cli(
      ['user', 'add', 'anna', '--scope', 'filters:write', '--scope', 'filters:read', '--scope', 'stream:full'],
      { token: instance.adminToken, url },
    )
    const { token } = json(made)
    anna = (...argv) => instance.cli(argv, { token, url })
    // As in a folder where `npm install kafkajs` ran.
    mkdirSync(join(instance.dir, 'node_modules'))
    symlinkSync(join(import.meta.dirname, '../../../node_modules/kafkajs'), join(instance.dir, 'node_modules/kafkajs'))
    writeFileSync(join(instance.dir, 'bright.js'), SOURCE)
    await anna('filter', 'submit', 'bright.js')
    for (;;) {
      const [filter] = json(await anna('filter', 'list'))
      topic = filter.topic
      if (filter.placement !== null) break
      await sleep(50)
    }
    await fill(node, [topic])
    await fill(hub, [STREAM, NOTICES])
  })
  afterAll(async () => {
    await instance?.close()
    if (hub !== undefined) {
      const admin = openAdmin(hub)
      await admin.deleteTopics([STREAM, NOTICES])
      await admin.close()
    }
    await Promise.all(brokers.map(broker => broker.kill()))
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  })

  /** One message each: a delivery with its headers, a packet of the full stream, a notice. */
  const fill = async (access: BrokerAccess, names: readonly string[]): Promise<void> => {
    const admin = openAdmin(access)
    await admin.createTopics(names.map(name => ({ name })))
    await admin.close()
    const packet = Buffer.concat([Buffer.from([0, 0, 0, 1, 4]), Buffer.alloc(110_146)])
    const facts = { id: 170_094_456_272_322_681n, visit: 2_026_112_100_001n, raDeg: 150.1, decDeg: 2.2, known: true }
    const notice = encodeNotice(7, noticeOf('lsst', { ...facts, band: 'r', flux: 1 }, 260, packet.length))
    const producer = await openProducer(access, {
      clientId: 'paste-test',
      transactionalId: `paste-test-${randomBytes(4).toString('hex')}`,
    })
    const transaction = await producer.begin()
    const headers = { 'skysieve-alert': '170094456272322681', 'skysieve-visit': '2026112100001' }
    for (const name of names)
      await transaction.send([
        name === NOTICES
          ? { topic: name, value: notice }
          : { topic: name, value: packet, ...(name === STREAM ? {} : { headers }) },
      ])
    await transaction.commit()
    await producer.close()
  }

  const venvBin = join(pythonVenvIn(CACHE_DIR), 'bin')
  const path = `${venvBin}:${process.env['PATH']}`
  const NAMES = {
    python: 'consumer.py',
    kcat: 'consumer.sh',
    kafkajs: 'consumer.mjs',
    properties: 'skysieve.properties',
  }
  /** Kafka's own script as its jars have it; the text's first line says how it is called. */
  const javaCommand = (text: string): string[] => [
    'java',
    '-cp',
    join(process.env['SKYSIEVE_KAFKA_LIBS'] ?? kafkaJarsIn(CACHE_DIR), '*'),
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
    ...(/kafka-console-consumer.sh (.*) THIS_FILE$/m.exec(text)?.[1] ?? '').split(' '),
    NAMES.properties,
    '--formatter-property',
    'print.headers=true',
  ]
  const commandOf = (client: keyof typeof NAMES, text: string): string[] =>
    ({
      python: [join(venvBin, 'python3'), NAMES.python],
      kcat: ['bash', NAMES.kcat],
      kafkajs: [process.execPath, NAMES.kafkajs],
      properties: javaCommand(text),
    })[client]

  /** Runs the text as a subscriber would who made a user for it, until it prints such a line. */
  const runShown = async (
    client: keyof typeof NAMES,
    name: string,
    like: RegExp,
    change = (text: string) => text,
  ): Promise<string> => {
    const { user, password } = json(await anna('topic', 'credential', name, '--json', '--ca', CA_FILE))
    const shown = await anna('topic', 'describe', name, '--client', client)
    expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(user) })
    writeFileSync(join(instance.dir, NAMES[client]), change(shown.stdout))
    const running = start(commandOf(client, shown.stdout), like, instance.dir, {
      SKYSIEVE_KAFKA_PASSWORD: password,
      PATH: path,
    })
    // A test that ran out of time has nobody else to end it.
    onTestFinished(() => running.end())
    const line = await running.line
    await running.end()
    return line
  }

  test('who has no Kafka user for the topic sees how one is made, and no program of a name that is none', async () => {
    const page = json(await anna('topic', 'describe', topic))
    expect(page).toMatchObject({
      user: null,
      consumers: null,
      groupPrefixes: [],
      hint: expect.stringContaining(`skysieve topic credential ${topic}`),
    })
    const asked = await anna('topic', 'describe', topic, '--client', 'python')
    expect(asked).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining(`skysieve topic credential ${topic}`),
    })
    expect(await anna('topic', 'credential', topic, '--client', 'perl')).toMatchObject({ exitCode: 2 })
  })

  test('a user is made with its program on stdout, and its password on stderr alone', async () => {
    const made = await anna('topic', 'credential', 'bright', '--client', 'python', '--user', 'anna-first')
    expect(made.stdout).toMatch(/^# pip install confluent-kafka/)
    const password = /^[\w-]{32}$/m.exec(made.stderr)?.[0]
    expect(password).toBeDefined()
    expect(made.stdout).not.toContain(password)
    expect(made.stderr).toContain('anna-first.…')
    expect(made.stdout).toContain(tls ? 'SASL_SSL' : 'SASL_PLAINTEXT')
  })

  const DELIVERY = {
    python: /^170094456272322681 2026112100001 110151$/,
    kcat: /skysieve-alert=170094456272322681.*skysieve-visit=2026112100001.* 110151 bytes$/,
    kafkajs: /^170094456272322681 2026112100001 110151$/,
    properties: /skysieve-alert:170094456272322681/,
  }
  test.each(Object.entries(DELIVERY))('a filter’s deliveries by %s', async (client, like) => {
    await expect(runShown(client as keyof typeof NAMES, topic, like)).resolves.toMatch(like)
  })
  test.each([
    ['python', /^0 0 schema 260 110151$/],
    ['kcat', /^0 0 schema 0260, 110151 bytes$/],
    ['kafkajs', /^0 0 schema 260 110151$/],
  ] as const)('the full stream by %s', async (client, like) => {
    await expect(runShown(client, STREAM, like)).resolves.toMatch(like)
  })
  test.each([
    ['python', /^0 0 schema 7 \d\d+$/],
    ['kcat', /^0 0 schema 07, \d\d+ bytes$/],
    ['kafkajs', /^0 0 schema 7 \d\d+$/],
  ] as const)('notices by %s', async (client, like) => {
    await expect(runShown(client, NOTICES, like)).resolves.toMatch(like)
  })

  test('who has a login that may read the topic needs no user made for it', async () => {
    const asAdmin = { token: instance.adminToken, url }
    const otto = json(await instance.cli(['user', 'add', 'otto', '--scope', 'stream:full'], asAdmin))
    const { password } = json(await instance.cli(['user', 'add', 'otto', '--login', 'main'], asAdmin)).login
    const ask = ['topic', 'describe', STREAM, '--client', 'python', '--ca', CA_FILE]
    const shown = await instance.cli(ask, { token: otto.token, url })
    expect(shown.stdout).toContain('"sasl.username": "otto"')
    writeFileSync(join(instance.dir, 'otto.py'), shown.stdout)
    const like = /^0 0 schema 260 110151$/
    const running = start([join(venvBin, 'python3'), 'otto.py'], like, instance.dir, {
      SKYSIEVE_KAFKA_PASSWORD: password,
    })
    onTestFinished(() => running.end())
    await expect(running.line).resolves.toMatch(like)
  })

  test('kcat with nothing but Debian’s library logs in or not as its text says', async () => {
    const ownLibrary = (text: string): string => text.replace(/^LD_PRELOAD=.*\n/m, '')
    const refused = isOlder(await debianKcat())
    const like = refused ? /invalid credentials with SASL mechanism/ : DELIVERY.kcat
    await expect(runShown('kcat', topic, like, ownLibrary)).resolves.toMatch(like)
  })

  test('the authority’s certificate is written where asked, and over nothing else', async () => {
    const run = await anna('topic', 'describe', topic, '--client', 'kafkajs', '--ca', 'other.pem')
    expect(run.stderr).toContain(tls ? 'other.pem holds' : 'other.pem is not written')
    expect(run.stdout.includes('other.pem')).toBe(tls)
    if (tls) expect(readFileSync(join(instance.dir, 'other.pem'), 'utf8')).toBe(hub.ca)
    const over = await anna('topic', 'describe', topic, '--ca', 'bright.js')
    expect(over.exitCode).toBe(tls ? 2 : 0)
    expect(readFileSync(join(instance.dir, 'bright.js'), 'utf8')).toBe(SOURCE)
  })

  test('notices are read by the command line, here and from elsewhere', async () => {
    const elsewhere = ['--bootstrap', hub.bootstrap, '--user', hub.user, ...(tls ? ['--ca', 'hub-ca.pem'] : [])]
    if (hub.ca !== undefined) writeFileSync(join(instance.dir, 'hub-ca.pem'), hub.ca)
    const remote = await instance.cli(['notices', 'tail', ...elsewhere], { kafkaPassword: hub.password })
    expect(remote).toMatchObject({ exitCode: 0 })
    expect(json(remote)).toMatchObject({ alertId: '170094456272322681', packetBytes: 110_151 })
    // As `skysieve start` leaves it.
    const data = join(instance.dir, '.skysieve')
    mkdirSync(join(data, 'config'), { recursive: true })
    writeFileSync(
      join(data, 'secrets.json'),
      JSON.stringify({ adminToken: instance.adminToken, users: { [hub.user]: hub.password } }),
    )
    const { bootstrap, ca } = hub
    writeFileSync(
      join(data, 'config/api.json'),
      JSON.stringify({ hub: { bootstrap, ca }, settings: { url: 'http://127.0.0.1:9' } }),
    )
    expect(json(await instance.cli(['notices', 'tail', '--user', hub.user]))).toMatchObject({ visit: '2026112100001' })
  })
})
