// Nodes that differ: filters are spread anew when one has joined, a label that none has keeps a filter waiting, and filters of a node that never comes back go on
// elsewhere. No worker runs; the test writes what nodes report.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BrokerAccess, openAdmin, openProducer, type Producer } from '#hub'
import { type CliRun, openTestInstance, type TestInstance } from './instance.fixture.ts'
import { ofFilter, ofShard } from './reporting-nodes.fixture.ts'

const kafka = inject('kafka')
const LONG_MS = 120_000

let instance: TestInstance
let url: string
let reports: Producer

interface Shown {
  readonly id: string
  readonly name: string
  readonly stage: string
  readonly placement: { readonly mirror: string } | null
  readonly moving?: { readonly to: { readonly mirror: string } }
  readonly waitsFor?: string
  readonly gaps?: readonly { readonly mirror: string; readonly visits: readonly string[] }[]
}

const cli = (...argv: readonly string[]): Promise<CliRun> => instance.cli(argv, { token: instance.adminToken, url })
const json = async (...argv: readonly string[]) => JSON.parse((await cli(...argv)).stdout)
const shown = (name: string): Promise<Shown> => json('filter', 'show', name)
const where = async (): Promise<Record<string, string | undefined>> => {
  const all: readonly Shown[] = await json('filter', 'list')
  return Object.fromEntries(all.map(({ name, placement }) => [name, placement?.mirror]))
}
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(100)
}

const send = (key: string, value: object): Promise<void> =>
  reports.send([{ topic: 'skysieve.status', key, value: JSON.stringify(value) }])
/** Nodes that go on reporting, however long a test takes. */
const awake = new Set<string>()
let beat: NodeJS.Timeout
/** A node reports from now on, or did so long ago. */
const nodeReports = (mirror: string, agoMs = 0): Promise<void> => {
  if (agoMs === 0) awake.add(mirror)
  else awake.delete(mirror)
  return send(`node/${mirror}/0`, { ...ofShard(mirror), updatedAt: new Date(Date.now() - agoMs).toISOString() })
}
const filterReports = (filter: string, mirror: string, over: object = {}): Promise<void> =>
  send(filter, ofFilter(filter, mirror, over))
const submit = async (name: string, ...options: readonly string[]): Promise<void> => {
  const run = await cli('filter', 'submit', 'all.js', '--name', name, ...options)
  expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)])
}

beforeAll(async () => {
  const moves = { finishMinutes: 0.02, lateMinutes: 0.01, keepDays: 0 }
  instance = await openTestInstance(kafka, { secondNode: true, workers: true, settings: { moves } })
  await instance.startRedis()
  url = (await instance.open()).url
  reports = await openProducer(kafka.hub, { clientId: 'lost-node-test' })
  beat = setInterval(() => {
    for (const mirror of awake) void nodeReports(mirror).catch(() => undefined)
  }, 10_000)
  writeFileSync(join(instance.dir, 'all.js'), 'export const filter = () => true')
})
afterAll(async () => {
  clearInterval(beat)
  await reports?.close()
  await instance?.close()
})

/** Whether a Kafka user may do anything on a broker. */
const isThere = async (broker: BrokerAccess, user: string): Promise<boolean> => {
  const admin = openAdmin(broker)
  const grants = await admin.listGrants(user)
  await admin.close()
  return grants.length > 0
}

test(
  'filters are spread anew over a node that has come, and where they were they are forgotten when their time is over',
  {
    timeout: 240_000,
  },
  async () => {
    await nodeReports('node1')
    for (const name of ['a', 'b', 'c', 'd']) await submit(name)
    await until(async () => Object.values(await where()).every(mirror => mirror === 'node1'))
    expect((await json('node', 'rebalance')).moves).toEqual([])
    await nodeReports('node2')
    const planned = (): Promise<{ readonly moves: readonly { readonly name: string }[]; readonly begun: number }> =>
      json('node', 'rebalance', '--dry-run')
    await until(async () => (await planned()).moves.length > 0)
    const { moves, begun } = await planned()
    const { topic, user } = await json('topic', 'credential', moves[0]?.name ?? '')
    expect(await isThere(kafka.node, user)).toBe(true)
    expect([moves, begun]).toMatchObject([[{ to: { mirror: 'node2' } }, { to: { mirror: 'node2' } }], 0])
    expect((await json('node', 'rebalance')).begun).toBe(2)
    for (const { name } of moves) {
      const { id, moving } = await shown(name)
      expect(moving?.to.mirror).toBe('node2')
      await filterReports(id, 'node1', {
        cut: { at: (moving as unknown as { at: string }).at, sinceMs: 5, visits: [] },
      })
    }
    await until(async () => Object.values(await where()).filter(mirror => mirror === 'node2').length === 2)
    expect((await planned()).moves).toEqual([])
    await until(async () => (await json('topic', 'describe', topic)).sources.length === 1)
    await until(async () => !(await isThere(kafka.node, user)))
    expect(await isThere(kafka.second, user)).toBe(true)
  },
)

test('a filter that asks for a label waits, and says for what', async () => {
  await submit('picky', '--labels', 'rack=a7')
  await until(async () => (await shown('picky')).waitsFor !== undefined)
  expect(await shown('picky')).toMatchObject({
    stage: 'placing',
    waitsFor: 'no node can take it now: node1: it lacks the label rack=a7; node2: it lacks the label rack=a7',
  })
  expect((await cli('filter', 'delete', 'picky')).exitCode).toBe(0)
})

test(
  'a node that never comes back gives its filters up to the other, and their authors are told',
  {
    timeout: 240_000,
  },
  async () => {
    const before = await where()
    const theirs = Object.keys(before).filter(name => before[name] === 'node1')
    expect(theirs).toHaveLength(2)
    const [one, other] = (await Promise.all(theirs.map(shown))) as [Shown, Shown]
    const visits = [{ visit: '7', seen: 5, passed: 1, delivered: 1, overCap: 0, errors: 0, firstMs: 1_790_000_000_000 }]
    await filterReports(one.id, 'node1', { visits })
    await until(async () => JSON.stringify(await shown(one.name)).includes('"visit":"7"'))
    await cli('filter', 'pause', other.name)

    const alive = await cli('node', 'remove', 'node1', '--force')
    expect([alive.exitCode, alive.stderr]).toEqual([2, expect.stringContaining('it is not lost')])
    await nodeReports('node1', LONG_MS)
    await nodeReports('node2', LONG_MS)
    await until(
      async () => (await json('node', 'show', 'node1')).silent && (await json('node', 'show', 'node2')).silent,
    )
    const stuck = await cli('node', 'remove', 'node1', '--force')
    expect([stuck.exitCode, stuck.stderr]).toEqual([
      2,
      expect.stringMatching(/filters of it can go nowhere.*node2: it has not reported/),
    ])
    await nodeReports('node2')
    await until(async () => !(await json('node', 'show', 'node2')).silent)
    const drain = await cli('node', 'drain', 'node1')
    expect(drain.exitCode).toBe(0)
    expect(await json('node', 'show', 'node1')).toMatchObject({ state: 'draining', drain: { left: 2 } })

    expect(await json('node', 'remove', 'node1', '--force')).toEqual({ name: 'node1', removed: true })
    expect(new Set(Object.values(await where()))).toEqual(new Set(['node2']))
    expect((await shown(one.name)).gaps).toMatchObject([{ mirror: 'node1', visits: ['7'] }])
    expect(await shown(other.name)).toMatchObject({ stage: 'paused', gaps: [{ mirror: 'node1', visits: [] }] })
    expect((await cli('node', 'show', 'node1')).exitCode).toBe(2)
  },
)
