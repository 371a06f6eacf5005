// A commit whose answer is lost may have happened or not: memory is then worth nothing, and the shard begins again from what is committed.
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { topicOfFilter } from '../manifest.ts'
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

test.each([
  ['the closing', 'answer'],
  ['the closing', 'request'],
  ['its second part', 'request'],
] as const)(
  'a `best` visit that is cut while it closes (%s, its %s lost) goes out once, the best of it, and nothing that comes later',
  { timeout: 90_000 },
  async (part, what) => {
    const source = 'export function filter(alert) { return alert.flux }'
    const manifest = node.manifest({ source, policy: 'best', cap: 40 })
    node.put(manifest)
    const first = await node.work({ closing: { quietMs: 3_600_000, deadlineMs: 3_600_000 } })
    await node.send(Array.from({ length: 60 }, (_, id) => ({ id, visit: 1, flux: 1 + ((id * 7) % 60) })))
    await node.evaluated()
    await first.close()
    const visit = `visit/${manifest.id}/1`
    // Other commits may come before and between: of a restore, of how far a lane has read.
    const written = part === 'the closing' ? [visit, '"closed":true'] : [topicOfFilter(manifest.id)]
    relay.lose(END_TXN, what, written)
    await node.work({ node: inject('kafka').relayed.access, closing: { quietMs: 1, deadlineMs: 3_600_000 } })
    await until(() => relay.lost === 1)
    // Where the closing itself was undone, the visit is open until the next incarnation has closed it.
    await until(async () => (await node.progress(visit))?.['closed'] === true)
    await node.send([{ id: 99, visit: 1, flux: 1000 }])
    const delivered = await until(async () => {
      const found = await node.deliveries(manifest.id)
      return found.length >= 40 && found
    })
    expect(delivered.map(({ headers }) => Number(headers['skysieve-score']))).toEqual(
      Array.from({ length: 40 }, (_, place) => 60 - place),
    )
    expect(delivered.map(({ headers }) => Number(headers['skysieve-position']))).toEqual(
      Array.from({ length: 40 }, (_, place) => place + 1),
    )
    await node.evaluated()
    expect(await node.progress(visit)).toMatchObject({
      seen: 61,
      passed: 61,
      overCap: 21,
      closed: true,
    })
  },
)
