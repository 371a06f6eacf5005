// A node is drained while visits come in: its filters go to the other one, ten at a time, paused ones too, and no delivery is lost or doubled. Workers, brokers
// and the API are real; instead of MirrorMaker, the test sends each packet to both nodes.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openNodeManifests, openSources, openWorker } from '#filters'
import {
  type BrokerAccess,
  openAdmin,
  openLogReader,
  openProducer,
  openSyntheticSource,
  parseSchema,
  STREAMS,
} from '#hub'
import { nodeTopics } from '#mirrors'
import { openIsolateSandbox, type Sandbox } from '#sandbox'
import { type CliRun, openTestInstance, type TestInstance } from './instance.fixture.ts'

const kafka = inject('kafka')
const BROKERS: Readonly<Record<string, BrokerAccess>> = { node1: kafka.node, node2: kafka.second }
const FILTERS = 12
const CAP = 3
const log = pino({ level: process.env['API_TEST_LOG'] ?? 'silent' })
const source = openSyntheticSource()
const schema = parseSchema(source.schemaJson)
/** Of this test alone: other tests share the brokers, and have the survey's topic with as many partitions as they need. */
const stream = { ...STREAMS.lsst, topic: `test.drain.${randomBytes(4).toString('hex')}` }

const dir = mkdtempSync(join(tmpdir(), 'skysieve-drain-'))
const closing: (() => Promise<unknown>)[] = []
let instance: TestInstance
let url: string
let sandbox: Sandbox

const cli = (...argv: readonly string[]): Promise<CliRun> => instance.cli(argv, { token: instance.adminToken, url })
const json = async (...argv: readonly string[]) => JSON.parse((await cli(...argv)).stdout)
const list = (): Promise<
  readonly {
    readonly id: string
    readonly name: string
    readonly stage: string
    readonly placement: { readonly mirror: string } | null
  }[]
> => json('filter', 'list')

/** A worker of a node, which reads what the API wrote from the hub itself. */
async function work(mirror: string): Promise<() => Promise<void>> {
  const onProblem = (error: unknown): void => log.error({ err: error }, mirror)
  const manifests = await openNodeManifests(kafka.hub, `drain-${mirror}-filters`, onProblem)
  const sources = await openSources(kafka.hub, `drain-${mirror}-sources`, onProblem)
  const worker = await openWorker({
    mirror,
    shards: 1,
    node: BROKERS[mirror]!,
    hub: kafka.hub,
    streams: [stream],
    sandbox,
    manifests,
    sources,
    schemas: { get: () => Promise.resolve(schema) },
    registry: new Registry(),
    log,
    lingerMs: 5,
  })
  return async () => {
    await worker.close()
    await Promise.all([manifests.close(), sources.close()])
  }
}

const visitOf = (visit: number) => Array.from({ length: 10 }, (_, index) => source.packet(visit, index).packet)
const send = async (visit: number): Promise<void> => {
  const messages = visitOf(visit).map(value => ({ topic: stream.topic, value }))
  for (const broker of Object.values(BROKERS)) {
    const producer = await openProducer(broker, { clientId: 'drain-survey' })
    await producer.send(messages)
    await producer.close()
  }
}

/** What a filter has delivered on a node: the visit and id of each alert. */
async function deliveries(
  mirror: string,
  filter: string,
): Promise<{ readonly visit: string; readonly alert: string }[]> {
  const topic = `filter.${filter}`
  const admin = openAdmin(BROKERS[mirror]!)
  const isThere = (await admin.describeTopic(topic)) !== undefined
  await admin.close()
  if (!isThere) return []
  const reader = openLogReader(BROKERS[mirror]!, { clientId: 'drain-audit', topic })
  const found: { visit: string; alert: string }[] = []
  for (let from: bigint | 'earliest' = 'earliest'; ;) {
    const page = await reader.read(from, 0)
    for (const { headers } of page.records) {
      const texts = new Map(headers.map(([name, value]) => [name, String(value)]))
      found.push({ visit: texts.get('skysieve-visit') ?? '', alert: texts.get('skysieve-alert') ?? '' })
    }
    if (page.next >= page.end) break
    from = page.next
  }
  await reader.close()
  return found
}
const everywhere = async (filter: string): Promise<{ readonly visit: string; readonly alert: string }[]> =>
  (await Promise.all(Object.keys(BROKERS).map(mirror => deliveries(mirror, filter)))).flat()

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(200)
}

beforeAll(async () => {
  for (const broker of Object.values(BROKERS)) {
    const admin = openAdmin(broker)
    await admin.createTopics(nodeTopics({ alertTopics: [{ name: stream.topic, partitions: 1 }], shards: 1 }))
    await admin.close()
  }
  sandbox = await openIsolateSandbox({ dir: join(dir, 'sandbox'), logger: log, defaults: { hosts: 1 } })
  closing.push(() => sandbox.close())
  instance = await openTestInstance(kafka, {
    secondNode: true,
    workers: true,
    settings: { filtersPerAccount: FILTERS, moves: { finishMinutes: 0.5, lateMinutes: 0.05, keepDays: 7 } },
  })
  closing.unshift(() => instance.close())
  await instance.startRedis()
  url = (await instance.open()).url
  writeFileSync(join(instance.dir, 'all.js'), 'export const filter = () => true')
})
afterAll(async () => {
  for (const close of closing) await close()
  for (const broker of Object.values(BROKERS)) {
    const admin = openAdmin(broker)
    await admin.deleteTopics([stream.topic])
    await admin.close()
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
})

test(
  'a drained node’s filters deliver each alert once, whichever node each visit is evaluated on',
  { timeout: 240_000 },
  async () => {
    const submit = async (at: number): Promise<void> => {
      const run = await cli('filter', 'submit', 'all.js', '--name', `all ${at}`, '--cap', String(CAP))
      expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)])
    }
    // Nobody reports yet: a filter says what it waits for.
    await submit(0)
    const first = (await list())[0]!.id
    await until(async () => (await json('filter', 'show', first)).waitsFor !== undefined)
    expect((await json('filter', 'show', first)).waitsFor).toContain(
      'node1: it has never reported; node2: it has never reported',
    )
    const closeFirst = await work('node1')
    closing.unshift(closeFirst)
    for (let at = 1; at < FILTERS; at++) await submit(at)
    await until(async () => (await list()).every(({ stage }) => stage === 'live'))
    const filters = await list()
    expect(new Set(filters.map(({ placement }) => placement?.mirror))).toEqual(new Set(['node1']))
    const refused = await cli('node', 'drain', 'node1')
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining('no other node takes filters now (node2: it has never reported)'),
    ])
    closing.unshift(await work('node2'))
    await until(async () =>
      (await json('node', 'list')).some(
        (one: { readonly mirror: string; readonly silent: boolean }) => one.mirror === 'node2' && !one.silent,
      ),
    )

    await send(1)
    await until(async () =>
      (await Promise.all(filters.map(({ id }) => deliveries('node1', id)))).every(all => all.length === CAP),
    )
    const [paused, ...active] = filters
    await cli('filter', 'pause', paused!.id)
    const draining = cli('node', 'drain', 'node1', '--watch')
    for (let visit = 2; visit <= 6; visit++) {
      await send(visit)
      await sleep(1000)
    }
    const drained = await draining
    expect(drained.exitCode).toBe(0)
    expect(JSON.parse(drained.stdout)).toMatchObject({
      state: 'draining',
      placed: 0,
      drain: { left: 0, finishing: 0, stuck: [] },
    })
    expect(drained.stderr).toContain(`${FILTERS} filters left`)
    await cli('filter', 'resume', paused!.id)
    await until(async () =>
      (await list()).every(({ stage, placement }) => stage === 'live' && placement?.mirror === 'node2'),
    )
    await send(7)
    for (const { id } of active) {
      await until(async () => (await everywhere(id)).length >= 7 * CAP)
      const all = await everywhere(id)
      expect(new Set(all.map(({ alert }) => alert)).size).toBe(7 * CAP)
      expect([...Map.groupBy(all, ({ visit }) => visit).values()].map(({ length }) => length)).toEqual(
        Array.from({ length: 7 }, () => CAP),
      )
      expect((await deliveries('node1', id)).length).toBeGreaterThanOrEqual(CAP)
    }
    await until(async () => (await everywhere(paused!.id)).length >= 2 * CAP)
    expect(new Set((await everywhere(paused!.id)).map(({ visit }) => visit)).size).toBe(2)
    const read = await cli('topic', 'consume', active[0]!.name, '--limit', String(7 * CAP))
    expect(
      new Set(
        read.stdout
          .trim()
          .split('\n')
          .map(line => JSON.parse(line).alert),
      ).size,
    ).toBe(7 * CAP)

    expect((await json('node', 'rebalance', '--dry-run')).moves).toEqual([])
    const used = await cli('node', 'remove', 'node1', '--force')
    expect(used.stderr).toContain('it is not lost')
    closing.splice(closing.indexOf(closeFirst), 1)
    await closeFirst()
    expect((await cli('node', 'remove', 'node1')).exitCode).toBe(0)
    expect((await json('node', 'list')).map(({ mirror }: { readonly mirror: string }) => mirror)).toEqual(['node2'])
  },
)
