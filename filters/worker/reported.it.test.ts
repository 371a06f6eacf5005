// What a node reports of a visit under `best`: its winners go out beside the lanes, after the last batch, and are reported all the same.
import { openAdmin } from '#hub'
import { afterAll, expect, inject, test } from 'vitest'
import { STATUS_TOPIC } from '../publish/topics.ts'
import { openTestNode, readTopic, testSandbox, until } from './worker.fixture.ts'

afterAll(async () => (await testSandbox()).close())

test('the counts of a visit are reported as they are after its winners have gone out, though nothing else comes', async () => {
  const { hub } = inject('kafka')
  const admin = openAdmin(hub)
  await admin.createTopics([{ name: STATUS_TOPIC, configs: { 'cleanup.policy': 'compact' } }])
  await admin.close()
  const node = await openTestNode(inject('kafka').node)
  const source = 'export function filter(alert) { return alert.flux }'
  const manifest = node.manifest({ source, policy: 'best', cap: 3 })
  node.put(manifest)
  await node.work({ hub, closing: { quietMs: 2000, deadlineMs: 3_600_000 } })
  await node.send([5, 1, 9, 3, 7].map((flux, id) => ({ id, visit: 1, flux })))
  const visit = await until(async () => {
    const records = (await readTopic(hub, STATUS_TOPIC)).filter(({ key }) => String(key) === manifest.id)
    const status = JSON.parse(String(records.at(-1)?.value ?? '{}')) as { visits?: Record<string, unknown>[] }
    const [one] = status.visits ?? []
    return one?.['delivered'] === 3 && one
  })
  expect(visit).toMatchObject({ visit: '1', seen: 5, passed: 5, delivered: 3, overCap: 2, errors: 0 })
  await node.close()
})
