// Notices on a laptop, as an account with its own Kafka user reads them: filtered there, their packets fetched under the account's rate, by the command
// line and by the Python program of api/subscribers. On a topic of its own, of a real broker, with a real archive behind a real API.
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  encodeNotice,
  NOTICE_SCHEMA,
  noticeOf,
  noticesTopic,
  openAdmin,
  openKafka,
  openProducer,
  openRegistry,
  openRegistryClient,
  openSyntheticSource,
} from '#hub'
import { ROOT, CACHE_DIR } from '../../paths.ts'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { type CliRun, openTestInstance, type TestInstance } from './instance.fixture.ts'
import { makeSmallArchive } from './small-archive.fixture.ts'

const { hub, node } = inject('kafka')
const ALERTS = 60
const REQUESTS_PER_MINUTE = 60
const stream = `t${randomBytes(4).toString('hex')}`
const topic = noticesTopic(stream)
const schemas = `test.schemas.${stream}`
const source = openSyntheticSource()
const sent = Array.from({ length: ALERTS }, (_, number) => source.packet(0, number))
/** Every other one is wanted. */
const snrOf = (number: number): number => (number % 2 === 0 ? 20 : 5)
const wanted = sent.filter((_, number) => snrOf(number) > 10)
const filesOf = (list: typeof sent): string[] => list.map(({ alertId }) => `${alertId}.avro.gz`).toSorted()

let instance: TestInstance
let url: string
let token: string
/** Of an account whose rate is not used up. */
let other: string
let registry: Awaited<ReturnType<typeof openRegistry>>
const linesOf = ({ stdout }: CliRun): Record<string, unknown>[] =>
  stdout.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line)] : []))
const tailAs = (as: string, ...argv: string[]): Promise<CliRun> =>
  instance.cli(['notices', 'tail', '--stream', stream, ...argv], { token: as, url, directory: instance.dir })
const tail = (...argv: string[]): Promise<CliRun> => tailAs(token, ...argv)
/** The files of a folder, each being the packet of its alert. */
const packetsIn = (folder: string): string[] => {
  const files = readdirSync(join(instance.dir, folder)).toSorted()
  for (const { alertId, packet } of sent) {
    const file = `${alertId}.avro.gz`
    if (files.includes(file)) expect(gunzipSync(readFileSync(join(instance.dir, folder, file)))).toEqual(packet)
  }
  return files
}

beforeAll(async () => {
  const admin = openAdmin(hub)
  await admin.createTopics([{ name: schemas, configs: { 'cleanup.policy': 'compact' } }])
  await admin.close()
  registry = await openRegistry({ access: hub, port: 0, topic: schemas, transactionalId: schemas })
  await registry.ready
  const schemaId = await openRegistryClient(registry.url).register(`${topic}-value`, NOTICE_SCHEMA)
  instance = await openTestInstance({ hub, node }, { archive: dir => makeSmallArchive(dir, ALERTS), withoutNode: true })
  await instance.startRedis()
  ;({ url } = await instance.open())
  const asAdmin = (...argv: string[]): Promise<CliRun> => instance.cli(argv, { token: instance.adminToken, url })
  const limits = ['--requests-per-minute', String(REQUESTS_PER_MINUTE)]
  const scopes = ['--scope', 'read:alertdb', '--scope', 'stream:full']
  ;({ token } = JSON.parse((await asAdmin('user', 'add', 'laptop', ...scopes, ...limits)).stdout))
  await asAdmin('topic', 'create', topic, '--partitions', '1')
  await asAdmin('acl', 'add', 'laptop', topic)
  ;({ token: other } = JSON.parse((await asAdmin('user', 'add', 'other', ...scopes)).stdout))
  await asAdmin('acl', 'add', 'other', topic)
  const producer = await openProducer(hub, { clientId: 'notices-test' })
  await producer.send(
    sent.map(({ alertId, packet }, number) => ({
      topic,
      value: encodeNotice(
        schemaId,
        noticeOf('lsst', { id: alertId, snr: snrOf(number), known: false }, source.schemaId, packet.length),
      ),
    })),
  )
  await producer.close()
})
afterAll(async () => {
  await instance?.close()
  await registry?.close()
  const admin = openAdmin(hub)
  await admin.deleteTopics([topic, schemas])
  await admin.close()
})

test('a reader that is killed while it fetches goes on where it was: every packet that was wanted, none twice, under the account’s rate', async () => {
  const argv = ['notices', 'tail', '--stream', stream, '--where', 'snr > 10', '--fetch', 'killed', '--resume', 'at']
  const child = spawn(process.execPath, [join(ROOT, 'deploy/bin/main.ts'), ...argv], {
    cwd: instance.dir,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], SKYSIEVE_URL: url, SKYSIEVE_TOKEN: token, XDG_CONFIG_HOME: instance.dir },
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  const count = (): number => {
    try {
      return readdirSync(join(instance.dir, 'killed')).length
    } catch {
      return 0
    }
  }
  await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(5)
  child.kill('SIGKILL')
  await ended
  const before = packetsIn('killed').filter(name => !name.endsWith('.part'))
  expect(before.length).toBeLessThanOrEqual(wanted.length)
  const run = await tail('--where', 'snr > 10', '--fetch', 'killed', '--resume', 'at')
  expect(run).toMatchObject({ exitCode: 0 })
  expect(packetsIn('killed')).toEqual(filesOf(wanted))
  expect(linesOf(run).map(({ alertId }) => alertId)).toEqual(wanted.map(({ alertId }) => String(alertId)))
  expect(run.stderr).toMatch(`${wanted.length - before.length} packets fetched, ${before.length} there already`)
  // Nothing is left to read, by the position that was kept.
  expect(linesOf(await tail('--where', 'snr > 10', '--fetch', 'killed', '--resume', 'at'))).toEqual([])
}, 180_000)

test('the account’s rate is kept to, and said', async () => {
  const run = await tail('--fetch', 'all')
  expect(run).toMatchObject({ exitCode: 0 })
  expect(packetsIn('all')).toEqual(filesOf(sent))
  expect(run.stderr).toMatch(/the account’s rate is used up: going on in \d+ s/)
}, 240_000)

test('an expression that is none ends the command with its place, before anything is read', async () => {
  expect(await tail('--where', 'snr > 10 && knwn')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/knwn, which no notice has; did you mean known\?/),
  })
})

test('the Python program fetches the same packets', async () => {
  const run = await instance.cli(['topic', 'credential', topic], { token: other, url })
  const { user, password, bootstrap } = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '')
  const env = {
    PATH: process.env['PATH'],
    SKYSIEVE_URL: url,
    SKYSIEVE_TOKEN: other,
    SKYSIEVE_KAFKA_PASSWORD: password,
    SKYSIEVE_KAFKA_USER: user,
    SKYSIEVE_BOOTSTRAP: bootstrap,
    SKYSIEVE_REGISTRY: registry.url,
  }
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const script = join(ROOT, 'api/subscribers/follow_notices.py')
  const program = promisify(execFile)(python, ['-B', script, topic, 'python'], { cwd: instance.dir, env })
  const failed = program.catch((error: unknown) => error)
  const files = (): string[] => {
    try {
      return readdirSync(join(instance.dir, 'python')).toSorted()
    } catch {
      return []
    }
  }
  let early: unknown
  failed.then(error => (early = error)).catch(() => undefined)
  // Its own reason, where it has ended.
  await expect.poll(() => early ?? files(), { timeout: 150_000 }).toEqual(filesOf(wanted))
  program.child.kill('SIGTERM')
  await failed
  expect(packetsIn('python')).toEqual(filesOf(wanted))
}, 200_000)

test('what retention took before it was read is said, and so is a position of another topic', async () => {
  expect(linesOf(await tailAs(other, '--limit', '3', '--resume', 'gap'))).toHaveLength(3)
  const admin = openKafka(hub, 'notices-test').admin()
  await admin.connect()
  // The client knows a topic's leader once it has been asked for something else of it.
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '10' }] })
  await admin.disconnect()
  const run = await tailAs(other, '--resume', 'gap')
  expect(run.stderr).toMatch(
    /GAP: the topic no longer keeps positions 3 to 9: up to 7 notices were not read; going on at 10/,
  )
  expect(linesOf(run)).toHaveLength(ALERTS - 10)
  writeFileSync(join(instance.dir, 'gap'), JSON.stringify({ topic: 'other', topicId: 'x', next: '1' }))
  expect(await tailAs(other, '--resume', 'gap')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/is of other/),
  })
})

test('a time is a place to begin at', async () => {
  expect(linesOf(await tailAs(other, '--from', '2020-01-01'))).toHaveLength(ALERTS - 10)
  expect(linesOf(await tailAs(other, '--from', '2100-01-01'))).toHaveLength(0)
  expect(await tailAs(other, '--from', 'yesterday')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/not yesterday/),
  })
})
