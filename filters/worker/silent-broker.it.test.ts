// Connections on which nothing comes any more, as after a cut on the way to the broker: each client gives its own up and goes on with another.
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { openRelay, type Relay } from './relay.fixture.ts'
import { openTestNode, type TestNode, testSandbox } from './worker.fixture.ts'

let node: TestNode
let relay: Relay
beforeEach(async () => {
  const { relayed } = inject('kafka')
  relay = await openRelay(Number(relayed.access.bootstrap.split(':')[1]), relayed.port)
  node = await openTestNode(inject('kafka').node)
})
afterEach(async () => {
  await node.close()
  await relay.close()
})
afterAll(async () => (await testSandbox()).close())

test(
  'a worker whose connections fall silent goes on with others, and nothing is delivered twice or missing',
  { timeout: 90_000 },
  async () => {
    const manifest = node.manifest({ cap: 100 })
    node.put(manifest)
    const timeouts = { connectMs: 2000, requestMs: 3000 }
    await node.work({ node: { ...inject('kafka').relayed.access, timeouts } })
    const send = (from: number): Promise<void> =>
      node.send(Array.from({ length: 10 }, (_, index) => ({ id: from + index, visit: 1 })))
    await node.evaluated()
    await send(0)
    await node.evaluated()
    relay.silence('those that are open')
    await send(10)
    await node.evaluated()
    const delivered = (await node.deliveries(manifest.id)).map(({ alert }) => alert)
    expect(delivered.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, id) => id))
    expect(await node.progress(`visit/${manifest.id}/1`)).toMatchObject({ seen: 20, passed: 20 })
  },
)
