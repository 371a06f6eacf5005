import { expect, test } from 'vitest'
import { commitBatches, type PacketFeed, type CommitBatch } from './commit-batches.ts'

const batch = (partition: number, first: number, count: number, released: string[] = []) => ({
  kind: 'batch' as const,
  partition,
  nextOffset: BigInt(first + count),
  packets: Array.from({ length: count }, (_, at) => ({
    offset: BigInt(first + at),
    timestampMs: 0,
    value: Buffer.alloc(100),
    headers: {},
  })),
  bytes: 100 * count,
  release: () => void released.push(`${partition}:${first}`),
})
type Item = ReturnType<typeof batch> | { kind: 'gap'; partition: number; from: bigint; to: bigint }

const feedOf = (items: readonly Item[], end: () => Promise<void> = async () => undefined): PacketFeed => ({
  async *[Symbol.asyncIterator]() {
    yield* items
    await end()
  },
  close: async () => undefined,
})
const LIMITS = { maxPackets: 10, maxBytes: 1_000_000, lingerMs: 5 }
const offsets = ({ packets }: CommitBatch): string[] => packets.map(({ partition, offset }) => `${partition}:${offset}`)

test('groups hold whole batches up to the limit, in their order, with where to read on', async () => {
  const items = [batch(0, 0, 4), batch(1, 0, 4), batch(0, 4, 4), batch(1, 4, 1)]
  const commits = await Array.fromAsync(commitBatches(feedOf(items), LIMITS))
  expect(commits.map(({ packets }) => packets.length)).toEqual([8, 5])
  expect([...commits[1]!.next]).toEqual([
    [0, 8n],
    [1, 5n],
  ])
  expect(offsets(commits[0]!)).toEqual(['0:0', '0:1', '0:2', '0:3', '1:0', '1:1', '1:2', '1:3'])
})

test('a batch above the limits is a group of its own', async () => {
  const commits = await Array.fromAsync(commitBatches(feedOf([batch(0, 0, 50), batch(0, 50, 1)]), LIMITS))
  expect(commits.map(({ packets }) => packets.length)).toEqual([50, 1])
})

test('a gap moves its partition on and is told', async () => {
  const items: Item[] = [batch(0, 0, 2), { kind: 'gap', partition: 0, from: 2n, to: 90n }]
  const [commit] = await Array.fromAsync(commitBatches(feedOf(items), LIMITS))
  expect(commit).toMatchObject({ gaps: [{ partition: 0, from: 2n, to: 90n }] })
  expect(commit?.next.get(0)).toBe(90n)
})

test('a group that is not full is handed out after the linger time, and released as a whole', async () => {
  const released: string[] = []
  const never = Promise.withResolvers<void>()
  const commits = commitBatches(
    feedOf([batch(0, 0, 1, released), batch(1, 7, 1, released)], () => never.promise),
    LIMITS,
  )
  const { value } = await commits.next()
  expect(released).toEqual([])
  value?.release()
  expect(released).toEqual(['0:0', '1:7'])
  never.resolve()
  expect(await commits.next()).toEqual({ done: true, value: undefined })
})

test('what the feed fails with is told after all that came before', async () => {
  const failing = feedOf([batch(0, 0, 1)], () => Promise.reject(new Error('the broker refuses')))
  const seen: string[] = []
  const read = async (): Promise<void> => {
    for await (const commit of commitBatches(failing, LIMITS)) seen.push(...offsets(commit))
  }
  await expect(read()).rejects.toThrow('the broker refuses')
  expect(seen).toEqual(['0:0'])
})
