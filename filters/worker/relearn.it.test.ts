// Filters that reach fields whose names do not stand in their source: they deliver what they would on whole packets, whichever lane they are in.
import { afterAll, afterEach, beforeEach, expect, inject, test } from 'vitest'
import { LOGS_TOPIC } from '../publish/topics.ts'
import { openTestNode, type TestAlert, type TestNode, testSandbox } from './worker.fixture.ts'

let node: TestNode
beforeEach(async () => {
  node = await openTestNode(inject('kafka').node)
})
afterEach(() => node.close())
afterAll(async () => (await testSandbox()).close())

const HIDDEN = "const A = 'fl', B = 'ux'\n"
/** Reaches the flux of later visits only. */
const LATER = `${HIDDEN}export const filter = alert => alert.visit > 1n && alert[A + B] > 0.5`
const COPIES = `${HIDDEN}export function filter(alert) {
  const { visit, ...rest } = alert
  return Object.keys({ ...alert }).length === 3 && rest[A + B] > 0.5
}`

const visitOf = (visit: number, count: number): TestAlert[] =>
  Array.from({ length: count }, (_, id) => ({ id: 100 * visit + id, visit, flux: id % 2 }))
const passing = (...sent: TestAlert[][]): number[] => sent.flat().flatMap(({ id, flux }) => (flux === 1 ? [id] : []))
const idsOf = async (filter: string): Promise<number[]> =>
  (await node.deliveries(filter)).map(({ alert }) => alert).toSorted((a, b) => a - b)
const toldOf = async (filter: string): Promise<string[]> =>
  (await node.read(LOGS_TOPIC)).flatMap(({ key, value }) =>
    key?.toString() === filter ? (JSON.parse(String(value)) as { lines: string[] }).lines : [],
  )

test('in the live lane, in a lane of its own and after a restart; what was learned is told once', async () => {
  const [later, copies, plain] = [
    node.manifest({ source: LATER, cap: 1000 }),
    node.manifest({ source: COPIES, cap: 1000 }),
    node.manifest({ cap: 1000 }),
  ]
  for (const manifest of [later, copies, plain]) node.put(manifest)
  const [one, two, three, four] = [1, 2, 3, 4].map(visit => visitOf(visit, 40)) as [
    TestAlert[],
    TestAlert[],
    TestAlert[],
    TestAlert[],
  ]
  await node.send(one)
  const first = await node.work()
  await node.evaluated()
  expect((await node.progress(`filter/${later.id}`))?.['learned']).toBeUndefined()
  // From here on in the live lane.
  await node.send(two)
  await node.send(three)
  await node.evaluated()
  expect(await idsOf(later.id)).toEqual(passing(two, three))
  expect(await idsOf(copies.id)).toEqual(passing(one, two, three))
  expect(await idsOf(plain.id)).toEqual(passing(one, two, three))
  expect(await node.progress(`filter/${later.id}`)).toMatchObject({
    learned: ['flux'],
    lane: `live.${node.stream.name}`,
  })
  expect((await node.progress(`filter/${copies.id}`))?.['learned']).toEqual(['id', 'flux'])
  await first.close()
  await node.send(four)
  await node.work()
  await node.evaluated()
  expect(await idsOf(later.id)).toEqual(passing(two, three, four))
  expect(await idsOf(copies.id)).toEqual(passing(one, two, three, four))
  const told = await toldOf(later.id)
  expect(told).toEqual([expect.stringMatching(/names do not stand in its source: flux\. .*ms of CPU/)])
  expect(await toldOf(copies.id)).toEqual([expect.stringMatching(/source: id, flux\. /)])
  expect(await toldOf(plain.id)).toEqual([])
})

test('a filter that fails once it has what it wanted is treated as any that fails', async () => {
  const manifest = node.manifest({
    source: `${HIDDEN}export function filter(alert) { if (alert[A + B] >= 0) for (;;); }`,
  })
  const plain = node.manifest()
  node.put(manifest)
  node.put(plain)
  node.ignore(manifest.id)
  const sent = visitOf(1, 20)
  await node.send(sent)
  await node.work()
  await node.evaluated()
  await expect
    .poll(async () => (await node.progress(`filter/${manifest.id}`))?.['suspension'], { timeout: 30_000 })
    .toMatchObject({ reason: 'timeout' })
  expect(await idsOf(plain.id)).toEqual(passing(sent))
})
