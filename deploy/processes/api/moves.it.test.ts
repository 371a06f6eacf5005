// A filter moves while people read it: the topic page names both nodes, one user reads on both, and the command line reads all of it, each delivery once.
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BrokerAccess, openAdmin, openProducer } from '#hub'
import { type Answer, ask } from './ask.fixture.ts'
import { type CliRun, openTestInstance, type TestInstance } from './instance.fixture.ts'
import { ofFilter } from './reporting-nodes.fixture.ts'

const kafka = inject('kafka')
const GOOD = 'export const filter = alert => alert.diaSource.psfFlux > 0'
const BROKERS: Readonly<Record<string, BrokerAccess>> = { node1: kafka.node, node2: kafka.second }

let instance: TestInstance
let url: string

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(method, url + path, { token: instance.adminToken, body })
const cli = (...argv: readonly string[]): Promise<CliRun> => instance.cli(argv, { token: instance.adminToken, url })
const json = ({ stdout }: CliRun) =>
  stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

/** What a node reports. */
const report = async (filter: string, mirror: string, over: object = {}): Promise<void> => {
  const status = ofFilter(filter, mirror, { cpuMs: 4, ...over })
  const producer = await openProducer(kafka.hub, { clientId: 'moves-test-node' })
  await producer.send([{ topic: 'skysieve.status', key: filter, value: JSON.stringify(status) }])
  await producer.close()
}

/** A node delivers an alert of a visit. */
const deliver = async (mirror: string, filter: string, visit: string): Promise<void> => {
  const topic = `filter.${filter}`
  const broker = BROKERS[mirror]!
  const admin = openAdmin(broker)
  await admin.createTopics([{ name: topic }])
  await admin.close()
  const producer = await openProducer(broker, { clientId: `moves-test-${mirror}` })
  await producer.send([{ topic, value: Buffer.from(visit), headers: { 'skysieve-visit': visit } }])
  await producer.close()
}

/** The filter, once it is as it shall be. */
const filterWhere = async (id: string, holds: (body: Answer['body']) => boolean): Promise<Answer['body']> => {
  for (;;) {
    const { body } = await call('GET', `/v1/filters/${id}`)
    if (holds(body)) return body
    await sleep(100)
  }
}

beforeAll(async () => {
  instance = await openTestInstance(kafka, {
    secondNode: true,
    settings: { moves: { finishMinutes: 30, lateMinutes: 10, keepDays: 7 } },
  })
  await instance.startRedis()
  url = (await instance.open()).url
  writeFileSync(join(instance.dir, 'bright.js'), GOOD)
})
afterAll(() => instance?.close())

test(
  'whoever reads a filter’s topic follows it to another node without gap or repeat',
  { timeout: 60_000 },
  async () => {
    const { id, topic } = json(await cli('filter', 'submit', 'bright.js'))[0]
    const { placement: from } = await filterWhere(id, body => body.placement !== null)
    const to = from.mirror === 'node1' ? 'node2' : 'node1'
    await report(id, from.mirror)
    await deliver(from.mirror, id, '1')
    expect(json(await cli('topic', 'consume', 'bright', '--limit', '1'))).toMatchObject([
      { visit: '1', mirror: from.mirror },
    ])

    expect((await cli('filter', 'move', 'bright', to)).exitCode).toBe(0)
    const { moving } = await filterWhere(id, body => body.moving !== undefined)
    await report(id, from.mirror, { cut: { at: moving.at, sinceMs: Date.now(), visits: ['2'] } })
    await filterWhere(id, body => body.placement.mirror === to)
    await report(id, to)
    for (const [mirror, visit] of [
      [to, '3'],
      [from.mirror, '2'],
      [to, '4'],
    ] as const)
      await deliver(mirror, id, visit)

    const read = await cli('topic', 'consume', 'bright', '--limit', '3')
    expect(read.stderr).not.toMatch(/made the Kafka user/)
    expect(
      json(read)
        .map(({ visit, mirror }) => `${visit} ${mirror}`)
        .toSorted(),
    ).toEqual([`2 ${from.mirror}`, `3 ${to}`, `4 ${to}`])
    const { body: page } = await call('GET', `/v1/topics/${topic}`)
    expect(page.sources).toMatchObject([
      { mirror: to, bootstrap: BROKERS[to]?.bootstrap },
      { mirror: from.mirror, bootstrap: BROKERS[from.mirror]?.bootstrap, until: expect.stringMatching(/^20/) },
    ])
    for (const text of Object.values<string>(page.consumers)) {
      expect(text).toContain(BROKERS[to]?.bootstrap)
      expect(text).toContain(`what it delivered before is at ${BROKERS[from.mirror]?.bootstrap} until 20`)
    }
    // Taken away, it reads nowhere any more.
    const { user } = page
    await call('DELETE', `/v1/topics/${topic}/credentials/${user}`)
    for (const broker of Object.values(BROKERS)) {
      const admin = openAdmin(broker)
      expect(await admin.listGrants(user)).toEqual([])
      await admin.close()
    }
  },
)

test('a reader that is under way takes in the node that its filter moves to', { timeout: 60_000 }, async () => {
  writeFileSync(join(instance.dir, 'faint.js'), `${GOOD}\n`)
  const { id } = json(await cli('filter', 'submit', 'faint.js'))[0]
  const { placement: from } = await filterWhere(id, body => body.placement !== null)
  const to = from.mirror === 'node1' ? 'node2' : 'node1'
  await report(id, from.mirror, { state: 'suspended', reason: 'timeout: took 1.2 s' })
  await deliver(from.mirror, id, '1')
  const reading = cli('topic', 'consume', 'faint', '--limit', '2')
  await cli('filter', 'move', 'faint', to)
  const { moving } = await filterWhere(id, body => body.moving !== undefined)
  await report(id, from.mirror, {
    state: 'suspended',
    reason: 'timeout: took 1.2 s',
    cut: { at: moving.at, sinceMs: Date.now(), visits: [] },
  })
  await filterWhere(id, body => body.placement.mirror === to)
  await deliver(to, id, '2')
  const read = await reading
  expect(
    json(read)
      .map(({ visit, mirror }) => `${visit} ${mirror}`)
      .toSorted(),
  ).toEqual([`1 ${from.mirror}`, `2 ${to}`])
})

test('authors are told what was given up with a node that was lost for good', { timeout: 30_000 }, async () => {
  const [{ id, placement }] = json(await cli('filter', 'show', 'faint'))
  const [node, to] = placement.mirror === 'node1' ? ['node1', 'node2'] : ['node2', 'node1']
  const visits = [{ visit: '7', seen: 5, passed: 1, delivered: 1, overCap: 0, errors: 0, firstMs: 1_790_000_000_000 }]
  await report(id, node, { visits })
  await filterWhere(id, body => body.status?.visits.length === 1)
  expect((await cli('filter', 'move', 'faint', to, '--force')).exitCode).toBe(0)
  const { gaps } = await filterWhere(id, body => body.placement.mirror === to)
  expect(gaps).toMatchObject([{ mirror: node, visits: ['7'], message: expect.stringContaining('visit 7') }])
  const status = await cli('status')
  expect(json(status)[0].filters.find((one: { readonly id: string }) => one.id === id).gaps).toEqual(gaps)
})
