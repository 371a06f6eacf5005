// What a node reports: of a visit under `best`, whose winners go out beside the lanes, after the last batch; of what a filter costs; and of its machine.
import { openAdmin } from '#hub'
import { openMachine } from '#mirrors'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { STATUS_TOPIC } from '../publish/topics.ts'
import { openTestNode, readTopic, testSandbox, until } from './worker.fixture.ts'

beforeAll(async () => {
  const admin = openAdmin(inject('kafka').hub)
  await admin.createTopics([{ name: STATUS_TOPIC, configs: { 'cleanup.policy': 'compact' } }])
  await admin.close()
})
afterAll(async () => (await testSandbox()).close())

/** The newest report under a key. */
const reportOf = async (key: string): Promise<Record<string, unknown>> => {
  const records = await readTopic(inject('kafka').hub, STATUS_TOPIC)
  return JSON.parse(String(records.findLast(record => String(record.key) === key)?.value ?? '{}')) as Record<
    string,
    unknown
  >
}

test('the counts of a visit are reported as they are after its winners have gone out, though nothing else comes', async () => {
  const { hub } = inject('kafka')
  const node = await openTestNode(inject('kafka').node)
  const source = 'export function filter(alert) { return alert.flux }'
  const manifest = node.manifest({ source, policy: 'best', cap: 3 })
  node.put(manifest)
  await node.work({ hub, closing: { quietMs: 2000, deadlineMs: 3_600_000 } })
  await node.send([5, 1, 9, 3, 7].map((flux, id) => ({ id, visit: 1, flux })))
  const visit = await until(async () => {
    const [one] = ((await reportOf(manifest.id))['visits'] as Record<string, unknown>[] | undefined) ?? []
    return one?.['delivered'] === 3 && one
  })
  expect(visit).toMatchObject({ visit: '1', seen: 5, passed: 5, delivered: 3, overCap: 2, errors: 0 })
  await node.close()
})

test('a node tells for how many alerts a filter’s CPU time was, what its machine has, and how far its copy is behind', async () => {
  const { hub } = inject('kafka')
  const node = await openTestNode(inject('kafka').node)
  const manifest = node.manifest()
  node.put(manifest)
  const { look } = openMachine(tmpdir())
  const about = { version: '1.2.3', languages: ['javascript'], clockMs: -5 }
  await node.work({
    hub,
    machine: async () => ({ ...(await look()), ...about }),
    mirrorLag: () => ({ alerts: 7, seconds: 2.4 }),
  })
  await node.send([1, 2, 3].map(id => ({ id, visit: 1 })))
  const { cpuMs } = await until(async () => {
    const report = await reportOf(manifest.id)
    return report['cpuAlerts'] === 3 && report
  })
  expect(cpuMs).toBeGreaterThanOrEqual(0)
  const report = await until(async () => {
    const shard = await reportOf(`node/${node.mirror}/0`)
    return shard['machine'] !== undefined && shard
  })
  const { name, cores } = await look()
  expect(report).toMatchObject({ mirrorLag: { alerts: 7, seconds: 2 }, machine: { ...about, name, cores } })
  await node.close()
})
