// A commit whose answer is lost may have happened or not: memory is then worth nothing, and the shard begins again from what is committed.
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { END_TXN, openRelay, type Relay } from './relay.fixture.ts'
import { openTestNode, type TestNode, testSandbox, until } from './worker.fixture.ts'

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

test.each(['answer', 'request'] as const)(
  'when the %s of a commit is lost, nothing is delivered twice or missing, and counters are exact',
  { timeout: 90_000 },
  async what => {
    const manifest = node.manifest({ cap: 25 })
    node.put(manifest)
    await node.work({ node: inject('kafka').relayed.access })
    await node.evaluated()
    for (let round = 0; round < 3; round++) {
      relay.lose(END_TXN, what)
      await node.send(Array.from({ length: 10 }, (_, index) => ({ id: round * 10 + index, visit: 1 })))
      await until(() => relay.lost === round + 1)
      await node.evaluated()
    }
    const delivered = (await node.deliveries(manifest.id)).map(({ alert }) => alert)
    expect(delivered).toHaveLength(25)
    expect(new Set(delivered).size).toBe(25)
    expect(await node.progress(`visit/${manifest.id}/1`)).toMatchObject({ seen: 30, passed: 30, overCap: 5 })
  },
)
