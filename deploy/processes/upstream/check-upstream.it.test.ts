// What `skysieve upstream add` refuses, each with a sentence, and that nothing is kept then. The survey speaks TLS.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { runCli } from '#cli'
import { serverTls, framePacket, openProducer, parseUpstream, STREAMS } from '#hub'
import { openSurvey, type Survey } from './survey.fixture.ts'
import { openTakingHub, until } from './taking-hub.fixture.ts'

const SCHEMA = JSON.stringify({ type: 'record', name: 'alert', fields: [{ name: 'a', type: 'long' }] })

let survey: Survey
let dir: string
let topic: string
let hidden: string

beforeAll(async () => {
  survey = await openSurvey({ speaksTls: true })
  dir = await mkdtemp(join(tmpdir(), 'skysieve-add-'))
  mkdirSync(join(dir, '.skysieve'))
  // As a start leaves it.
  writeFileSync(join(dir, '.skysieve/secrets.json'), JSON.stringify({ adminToken: 'sky_admin', users: {} }))
  topic = await survey.makeTopic(3)
  hidden = await survey.makeTopic(1, false)
  await survey.grant('alerts-of-yesterday')
  await survey.register(1101, SCHEMA)
  const producer = await openProducer(survey.access, { clientId: 'test-survey' })
  await producer.send([{ topic, partition: 0, value: framePacket(1101, Buffer.from([2])) }])
  await producer.close()
  writeFileSync(join(dir, 'password'), `${survey.ours.password}\n`)
  writeFileSync(join(dir, 'wrong'), 'not-the-password\n')
  writeFileSync(join(dir, 'ca.pem'), survey.tls?.ca ?? '')
  const other = await serverTls(join(dir, 'other'), 'other', ['127.0.0.1'])
  writeFileSync(join(dir, 'other.pem'), other.ca)
}, 180_000)
afterAll(async () => {
  await survey?.close()
  await rm(dir, { recursive: true, force: true })
})

const run = async (argv: readonly string[], directory = dir) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = [buffer(stdout), buffer(stderr)]
  const stdin = Readable.from([])
  const exitCode = await runCli(argv, { stdin, stdout, stderr, directory, configDirectory: directory, color: false })
  stdout.end()
  stderr.end()
  const [out = '', err = ''] = (await Promise.all(texts)).map(String)
  return { exitCode, out, err }
}
const add = (name: string, change: Readonly<Record<string, string | undefined>> = {}, ...more: readonly string[]) => {
  const options = {
    bootstrap: survey.ours.bootstrap,
    user: survey.ours.user,
    'password-file': 'password',
    ca: 'ca.pem',
    topic,
    stream: 'lsst',
    registry: survey.registry.url,
    from: 'earliest',
    ...change,
  }
  const flags = Object.entries(options).flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option}`, value],
  )
  return run(['upstream', 'add', name, ...flags, ...more])
}
const file = (name: string): string => join(dir, '.skysieve/upstreams', `${name}.json`)

test.each<[string, () => Record<string, string | undefined>, RegExp]>([
  ['a wrong password', () => ({ 'password-file': 'wrong' }), /refuses broker-of-ours: its password is wrong/],
  ['an unknown user', () => ({ user: 'nobody' }), /refuses nobody: its password is wrong, or it has no such user/],
  ['a topic we have no right to', () => ({ topic: hidden }), /no right to read alerts-\w+, or has no such topic/],
  ['a topic that is not there', () => ({ topic: 'alerts-of-yesterday' }), /has no topic alerts-of-yesterday/],
  ['another authority', () => ({ ca: 'other.pem' }), /certificate|self-signed|verify/i],
  [
    'plain text to a broker that speaks TLS',
    () => ({ ca: undefined }),
    /give the certificate of their authority with --ca/,
  ],
  ['containers that are none', () => ({ format: 'container' }), /say --format framed/],
  ['a time to come', () => ({ from: '2126-01-01T00:00:00Z' }), /a time that has passed/],
  ['a stream there is not', () => ({ stream: 'des' }), /stream/],
  ['a registry’s address with a password', () => ({ registry: 'http://a:b@127.0.0.1' }), /registry/],
  ['an empty password', () => ({ 'password-file': 'other/none' }), /cannot be read/],
])(
  '%s is refused with a sentence, and nothing is kept',
  async (_what, change, message) => {
    const { exitCode, err } = await add('rubin', change())
    expect(err).toMatch(message)
    expect(err).not.toMatch(/\n {4}at /)
    expect(err).not.toContain(survey.ours.password)
    expect(exitCode).toBeGreaterThan(0)
    expect(existsSync(file('rubin'))).toBe(false)
  },
  120_000,
)

test('an address that nobody listens at, and one that is none, are said', async () => {
  const { exitCode, err } = await add('rubin', { bootstrap: `127.0.0.1:${await getPort()}` })
  expect([exitCode, err]).toEqual([
    1,
    expect.stringMatching(/No broker of the survey can be connected to .*ECONNREFUSED/),
  ])
  expect((await add('rubin', { bootstrap: 'nowhere' })).err).toMatch(/bootstrap/)
}, 120_000)

test('a registry that answers HTML, is away, or lacks the schema of the newest packet is said', async () => {
  survey.registry.set('html')
  expect((await add('rubin')).err).toMatch(/answers 200 with text\/html instead of JSON/)
  survey.registry.set('away')
  expect(await add('rubin')).toMatchObject({ exitCode: 1, err: expect.stringMatching(/does not answer/) })
  survey.registry.set('fine')
  const producer = await openProducer(survey.access, { clientId: 'test-survey' })
  const other = await survey.makeTopic(1)
  await producer.send([{ topic: other, value: framePacket(77, Buffer.from([2])) }])
  await producer.close()
  expect((await add('rubin', { topic: other })).err).toMatch(/names schema 77, which the registry .* does not have/)
  expect(existsSync(file('rubin'))).toBe(false)
}, 120_000)

test('what is fine is kept for its owner alone, once; it can be replaced and removed', async () => {
  const added = await add('rubin')
  expect(added).toMatchObject({ exitCode: 0 })
  expect(JSON.parse(added.out)).toEqual({
    name: 'rubin',
    topic,
    stream: 'lsst',
    partitions: 3,
    schemaId: 1101,
    records: '1',
    ahead: '1',
  })
  expect(statSync(file('rubin')).mode & 0o777).toBe(0o600)
  expect(parseUpstream(readFileSync(file('rubin'), 'utf8'))).toEqual({
    ...survey.ours,
    topic,
    stream: 'lsst',
    registry: survey.registry.url,
    from: 'earliest',
    format: 'framed',
  })
  expect(await add('rubin')).toMatchObject({ exitCode: 2, err: expect.stringMatching(/--replace/) })
  expect(await add('rubin', { from: 'latest' }, '--replace')).toMatchObject({ exitCode: 0 })
  expect(await add('again')).toMatchObject({
    exitCode: 2,
    err: expect.stringMatching(/upstream rubin takes this topic .* each packet twice/),
  })
  expect(await run(['upstream', 'remove', 'rubin'])).toMatchObject({ exitCode: 0 })
  expect(existsSync(file('rubin'))).toBe(false)
  expect(await run(['upstream', 'remove', 'rubin'])).toMatchObject({ exitCode: 2 })
  expect(await run(['upstream', 'remove', '../secrets'])).toMatchObject({ exitCode: 2 })
  expect(survey.registry.refused).toEqual([])
}, 120_000)

test('elsewhere than on the hub’s machine it says where to type it', async () => {
  const { exitCode, err } = await run(['upstream', 'remove', 'rubin'], tmpdir())
  expect([exitCode, err]).toEqual([2, expect.stringMatching(/run this where `skysieve start` was run/)])
})

test('what was added comes in, also from brokers that speak TLS', async () => {
  const hub = await openTakingHub(inject('kafka').hub)
  try {
    await add('tls')
    await hub.add('tls', parseUpstream(readFileSync(file('tls'), 'utf8')))
    hub.start()
    await until(async () => (await hub.status('tls'))?.packets === 1)
    const came = (await hub.came(STREAMS.lsst.topic)).flat().map(({ value }) => value)
    expect(came).toEqual([framePacket(1101, Buffer.from([2]))])
  } finally {
    await run(['upstream', 'remove', 'tls'])
    await hub.close()
  }
}, 120_000)

test('a schema that this hub has as another one under the same id is told before anything is kept', async () => {
  const hub = await openTakingHub(inject('kafka').hub)
  const config = join(dir, '.skysieve/config')
  try {
    await hub.registry.importSchema({ id: 1101, schemaJson: SCHEMA.replace('"a"', '"another"') })
    mkdirSync(config)
    const api = {
      hub: { bootstrap: survey.ours.bootstrap },
      settings: { url: 'http://x', registryUrl: hub.registryUrl },
    }
    writeFileSync(join(config, 'api.json'), JSON.stringify(api))
    const { exitCode, err } = await add('other')
    expect([exitCode, err]).toEqual([
      2,
      expect.stringMatching(/Schema 1101 of the survey is another one .* --no-simulator/),
    ])
    expect(existsSync(file('other'))).toBe(false)
  } finally {
    await rm(config, { recursive: true, force: true })
    await hub.close()
  }
}, 120_000)
