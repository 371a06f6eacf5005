import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { examples } from '#filters'
import { openAdmin, openProducer } from '#hub'
import { type TestInstance, type CliRun, openTestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const GOOD = 'export const description = "all"\nexport const filter = alert => alert.diaSource.psfFlux > 0'

let instance: TestInstance
let url: string
/** As somebody who logged in as alice. */
let alice: (...argv: string[]) => Promise<CliRun>

const json = ({ stdout }: CliRun) => JSON.parse(stdout)

beforeAll(async () => {
  instance = await openTestInstance(kafka)
  await instance.startRedis()
  url = (await instance.open()).url
  alice = (...argv) => instance.cli(argv)
  writeFileSync(join(instance.dir, 'good.js'), GOOD)
  writeFileSync(join(instance.dir, 'syntax.js'), 'export function filter(alert) {\n  return alert..x\n}')
  writeFileSync(join(instance.dir, 'throws.js'), 'export function filter(alert) {\n  return alert.a.b\n}')
  writeFileSync(
    join(instance.dir, 'annotated.js'),
    'export const filter = alert => ({ pass: alert.diaSource.psfFlux > 1, annotations: { a: 1 } })',
  )
  writeFileSync(join(instance.dir, 'none.js'), 'export const filter = () => false')
})
afterAll(() => instance?.close())

describe('without an account', () => {
  test('init writes an example, and not over a file that is there', async () => {
    expect(json(await alice('filter', 'init', 'mine.js'))).toMatchObject({ file: 'mine.js', stream: 'lsst' })
    expect(existsSync(join(instance.dir, 'mine.js'))).toBe(true)
    expect(await alice('filter', 'init', 'mine.js')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/there already/),
    })
  })
  test('check names problems with line and column', async () => {
    expect(json(await alice('filter', 'check', 'good.js'))).toMatchObject({ ok: true, fields: ['diaSource.psfFlux'] })
    expect(await alice('filter', 'check', 'syntax.js')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/line 2, column 16/),
    })
    expect(await alice('filter', 'check', 'missing.js')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/is not there/),
    })
  })
  test('check warns of annotations that may be too long to be held, with the policy and cap that are meant', async () => {
    const check = (...options: string[]) => alice('filter', 'check', 'annotated.js', ...options)
    const warned = await check('--policy', 'best', '--cap', '100')
    expect(warned).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/warning 1:1 under the policy best/) })
    expect(json(warned).warnings).toHaveLength(1)
    for (const options of [['--policy', 'best', '--cap', '64'], ['--cap', '100'], []])
      expect(json(await check(...options)).warnings).toEqual([])
    expect(await check('--policy', 'worst')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/first, best/),
    })
  })
  test('trying runs the production sandbox on a visit and tells matches, what is over the cap, and the cost', async () => {
    const run = await alice('filter', 'test', 'mine.js', '--alerts', '300', '--cap', '3')
    expect(run.exitCode).toBe(0)
    const { alerts, passed, delivered, overCap, matches, costUs } = json(run)
    expect({ alerts, delivered, matches: matches.length }).toEqual({ alerts: 300, delivered: 3, matches: 3 })
    expect(passed).toBe(delivered + overCap)
    expect(matches[0].alert).toMatch(/^[0-9]{15,}$/)
    expect(Object.keys(costUs)).toEqual(['t50', 't90', 't99'])
  })
  test('trying blames the filter for what it does, with its line', async () => {
    expect(await alice('filter', 'test', 'throws.js', '--alerts', '64')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/line 2/),
    })
    expect(await alice('filter', 'test', 'none.js', '--alerts', '64', '--expect-match')).toMatchObject({ exitCode: 4 })
    expect(await alice('filter', 'test', 'none.js', '--alerts', '64')).toMatchObject({ exitCode: 0 })
  })
  test.each(examples().filter(({ stream }) => stream === 'ztf'))(
    'a filter of ZTF runs on a sample of ZTF: $name',
    async ({ fileName, source }) => {
      writeFileSync(join(instance.dir, fileName), source)
      const run = await alice('filter', 'test', fileName, '--stream', 'ztf', '--alerts', '200', '--expect-match')
      expect(run).toMatchObject({ exitCode: 0 })
      const { alerts, passed, errors } = json(run)
      expect({ alerts, errors }).toEqual({ alerts: 200, errors: 0 })
      expect(passed).toBeLessThan(200)
    },
  )
  test('what needs an account says how to log in', async () => {
    expect(await alice('filter', 'list')).toMatchObject({ exitCode: 5, stderr: expect.stringMatching(/auth login/) })
    expect(await instance.cli(['filter', 'list'], { token: 'sky_x', url: 'http://127.0.0.1:9' })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/does not answer/),
    })
    expect(await alice('filter', 'fly')).toMatchObject({ exitCode: 2 })
  })
})

describe('with an account', () => {
  test('the administrator of a system started here needs no login, and makes users whose token is shown once', async () => {
    const made = await instance.cli(['user', 'add', 'alice'], { token: instance.adminToken, url })
    expect(made.exitCode).toBe(0)
    const { token } = json(made)
    const login = await instance.cli(['auth', 'login', '--url', url], { input: `${token}\n` })
    expect(json(login)).toMatchObject({ account: 'alice', url })
    const profiles = join(instance.dir, 'config', 'profiles.json')
    expect(statSync(profiles).mode & 0o777).toBe(0o600)
    expect(readFileSync(profiles, 'utf8')).toContain(token)
    expect(json(await alice('auth', 'whoami'))).toMatchObject({ account: 'alice', admin: false })
    expect(await alice('user', 'list')).toMatchObject({ exitCode: 5 })
  })
  test('submit --wait follows the stages; stdout holds the result only', async () => {
    const waiting = alice('filter', 'submit', 'good.js', '--wait')
    const id = await placed()
    const producer = await openProducer(kafka.hub, { clientId: 'cli-test-node' })
    const status = {
      filter: id,
      mirror: 'node1',
      shard: 0,
      state: 'live',
      version: 1,
      generation: 1,
      lane: 'live',
      visits: [],
      cpuMs: 0,
      updatedAt: new Date().toISOString(),
    }
    await producer.send([{ topic: 'skysieve.status', key: id, value: JSON.stringify(status) }])
    await producer.close()
    const run = await waiting
    expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/submitted as f[\s\S]*\nlive\n/) })
    expect(json(run)).toMatchObject({ id, name: 'good', stage: 'live' })
  })
  test('submit refuses a second filter of the name, and --replace makes it a version', async () => {
    expect(await alice('filter', 'submit', 'good.js')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/API_NAME_TAKEN/),
    })
    writeFileSync(join(instance.dir, 'good.js'), `${GOOD}\n// better`)
    expect(json(await alice('filter', 'submit', 'good.js', '--replace'))).toMatchObject({ active: 2 })
    expect(await alice('filter', 'submit', 'syntax.js')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/line 2, column 16/),
    })
  })
  test('submit tells what its author had better know', async () => {
    const run = await instance.cli(['filter', 'submit', 'annotated.js', '--policy', 'best', '--cap', '100'], {
      token: instance.adminToken,
      url,
    })
    expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/warning 1:1 .* may have 2621 bytes/) })
    expect(json(run).warnings).toMatchObject([{ message: expect.stringMatching(/lower the cap/) }])
  })
  test('list, show, pause and resume take a filter by its name', async () => {
    expect(json(await alice('filter', 'list'))).toMatchObject([{ name: 'good' }])
    expect(json(await alice('filter', 'pause', 'good'))).toMatchObject({ stage: 'paused' })
    expect(json(await alice('filter', 'resume', 'good'))).toMatchObject({ state: 'active' })
    expect(json(await alice('filter', 'show', 'good'))).toMatchObject({ owner: 'alice' })
    expect(await alice('filter', 'show', 'other')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/no filter “other”/),
    })
    expect(json(await alice('status'))).toMatchObject({ filters: [{ name: 'good' }], limits: { filters: { used: 1 } } })
  })
  test('upstreams are listed and shown with their lag, what was lost, and why one waits', async () => {
    const status = {
      upstream: 'rubin',
      stream: 'lsst',
      topic: 'lsst-alerts-v11',
      bootstrap: 'survey:9094',
      registry: null,
      format: 'framed',
      state: 'waiting',
      reason: 'The survey refuses us',
      lag: { alerts: 12, seconds: 3.5 },
      packets: 1000,
      bytes: 110_000_000,
      deadLetters: 0,
      schemas: [1101],
      gaps: [{ partition: 3, from: '5', to: '45', at: '2026-12-01T00:00:00.000Z' }],
      newestPacket: null,
      updatedAt: new Date().toISOString(),
    }
    const producer = await openProducer(kafka.hub, { clientId: 'cli-test-upstream' })
    await producer.send([{ topic: 'skysieve.status', key: 'upstream/rubin', value: JSON.stringify(status) }])
    await producer.close()
    await expect.poll(async () => json(await alice('upstream', 'list'))).toEqual([{ ...status, silent: false }])
    const { stdout } = await instance.cli(['upstream', 'show', 'rubin'], { token: instance.adminToken, url })
    expect(JSON.parse(stdout)).toMatchObject({ upstream: 'rubin', gaps: status.gaps })
    expect(json(await alice('status'))).toMatchObject({ upstreams: [{ upstream: 'rubin' }] })
    expect(await alice('upstream', 'show', 'other')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/No upstream other has reported/),
    })
  })
  test('consume makes its user on demand, prints a line per committed delivery, and goes on where it stopped', async () => {
    const { topic, id } = json(await alice('filter', 'show', 'good'))
    const admin = openAdmin(kafka.node)
    await admin.createTopics([{ name: topic }])
    await admin.close()
    const producer = await openProducer(kafka.node, { clientId: 'cli-test', transactionalId: `cli-test-${id}` })
    const deliver = async (alert: string, keep: boolean): Promise<void> => {
      const transaction = await producer.begin()
      const headers = {
        'skysieve-alert': alert,
        'skysieve-visit': '7',
        'skysieve-position': '1',
        'skysieve-filter': id,
      }
      await transaction.send([{ topic, value: Buffer.from(alert), headers }])
      await (keep ? transaction.commit() : transaction.abort())
    }
    await deliver('2124543007235506176', true)
    await deliver('2124543007235506177', false)
    await deliver('2124543007235506178', true)
    await producer.close()
    const first = await alice('topic', 'consume', 'good', '--limit', '1')
    expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/made the Kafka user alice-/) })
    expect(json(first)).toMatchObject({ alert: '2124543007235506176', visit: '7', position: 1, filter: id, bytes: 19 })
    const second = await alice('topic', 'consume', topic, '--limit', '1')
    expect(json(second)).toMatchObject({ alert: '2124543007235506178' })
    expect(second.stderr).not.toMatch(/made the Kafka user/)
    expect(await alice('topic', 'consume', topic, '--idle', '1', '--expect-match')).toMatchObject({ exitCode: 4 })
    expect(json(await alice('topic', 'list'))).toMatchObject([{ name: topic, bootstrap: kafka.node.bootstrap }])
    expect(json(await alice('topic', 'describe', topic))).toMatchObject({
      exists: true,
      empty: false,
      user: expect.stringMatching(/^alice-/),
    })
  })
  test('delete takes it away', async () => {
    expect(json(await alice('filter', 'delete', 'good'))).toMatchObject({ deleted: true })
    expect(json(await alice('filter', 'list'))).toEqual([])
  })
})

/** Id of alice's filter once it is placed. */
async function placed(): Promise<string> {
  for (;;) {
    const [filter] = json(await alice('filter', 'list'))
    if (filter?.stage === 'starting') return filter.id
    await sleep(50)
  }
}
