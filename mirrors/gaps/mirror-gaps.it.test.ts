// A node that was away longer than the hub kept its topic: a real MirrorMaker between two real brokers, and records deleted on the hub meanwhile.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openKafka } from '#hub'
import { packetsOf, takeUntil } from '../feed/alert-topic.fixture.ts'
import { openFeed } from '../feed/open-feed.ts'
import { type LostRange } from '../mirror-maker/lost-range.ts'
import { type MirroredNode, openMirroredNode } from '../mirror-maker/mirrored-node.fixture.ts'
import { type MirrorMaker, startMirrorMaker } from '../mirror-maker/start.ts'
import { watchMirrorMaker } from '../mirror-maker/watch.ts'
import { followMirrorGaps } from './follow-gaps.ts'
import { type MirrorGap } from './gap-record.ts'
import { gapRecorderAcls, openGapRecorder } from './record-gaps.ts'

const ended = new AbortController()
const begunMs = Date.now() - 600_000

let mirrored: MirroredNode
let alerts: string
let mirrorMaker: MirrorMaker | undefined

/** Sends records `from` to `to` of a partition; each has a second of its own. */
const send = (partition: number, from: number, to: number): Promise<unknown> =>
  mirrored.producer.send(
    Array.from({ length: to - from }, (_, at) => ({
      topic: alerts,
      partition,
      value: `${partition}-${from + at}`,
      timestampMs: begunMs + (from + at) * 1000,
    })),
  )

const deleteOnHub = async (partition: number, before: number): Promise<void> => {
  const admin = openKafka(inject('kafka').hub, 'test-delete').admin()
  await admin.connect()
  // kafkajs looks the leader up in metadata that this call brings.
  await admin.fetchTopicOffsets(alerts)
  await admin.deleteTopicRecords({ topic: alerts, partitions: [{ partition, offset: String(before) }] })
  await admin.disconnect()
}

const onNode = async (count: number): Promise<string[]> => {
  const feed = await openFeed({
    access: inject('kafka').node,
    topic: alerts,
    clientId: 'test-lost',
    from: 'earliest',
    signal: ended.signal,
  })
  const items = await takeUntil(feed, taken => packetsOf(taken).length >= count)
  return packetsOf(items).map(({ value }) => value.toString())
}

beforeAll(async () => {
  mirrored = await openMirroredNode('lost', inject('kafka'))
  ;({ alerts } = mirrored)
})
afterAll(async () => {
  ended.abort()
  await mirrorMaker?.kill()
  await mirrored?.close()
})

test('what the hub deleted while a node was away is told with its offsets and times, and nothing else is', async () => {
  const { node: nodeAccess } = inject('kafka')
  const { settings, acls } = mirrored
  const { hub, node } = gapRecorderAcls(acls.user, [alerts])
  await Promise.all([mirrored.hub.grant(hub), mirrored.node.grant(node)])
  const lost: LostRange[] = []
  const gaps: MirrorGap[] = []
  const following = await followMirrorGaps({
    access: nodeAccess,
    clientId: 'test-gaps',
    onGap: gap => gap.topic === alerts && gaps.push(gap),
    onProblem: error => {
      throw error
    },
  })
  const recorder = openGapRecorder({
    hub: settings.hub,
    node: settings.node,
    clientId: 'test-gaps',
    signal: ended.signal,
  })
  const watching = watchMirrorMaker({
    settings: { ...settings, topics: [alerts] },
    lag: () => undefined,
    onFault: () => undefined,
    onLost: range => {
      lost.push(range)
      recorder.note(range)
    },
    signal: ended.signal,
  })

  // Deleted before this node ever copied anything: not a gap of its own.
  await send(0, 0, 5)
  await deleteOnHub(0, 3)
  await send(0, 5, 10)
  await send(1, 0, 10)
  mirrorMaker = await startMirrorMaker(settings)
  expect(await onNode(17)).toHaveLength(17)
  expect(lost).toEqual([])

  await mirrorMaker.kill()
  await send(0, 10, 40)
  await send(1, 10, 20)
  await deleteOnHub(0, 25)
  mirrorMaker = await startMirrorMaker(settings)
  const there = await onNode(42)
  expect(there.toSorted()).toEqual(
    [
      ...Array.from({ length: 20 }, (_, at) => `1-${at}`),
      ...[3, 4, 5, 6, 7, 8, 9].map(at => `0-${at}`),
      ...Array.from({ length: 15 }, (_, at) => `0-${25 + at}`),
    ].toSorted(),
  )
  await expect.poll(() => gaps, { timeout: 20_000 }).toHaveLength(1)
  expect(lost).toEqual([{ topic: alerts, partition: 0, from: 10n, to: 25n }])
  expect(gaps[0]).toMatchObject({
    topic: alerts,
    partition: 0,
    from: 10n,
    to: 25n,
    sinceMs: begunMs + 9000,
    untilMs: begunMs + 25_000,
  })

  // Who follows later knows it too.
  const later: MirrorGap[] = []
  const other = await followMirrorGaps({
    access: nodeAccess,
    clientId: 'test-gaps-later',
    onGap: gap => gap.topic === alerts && later.push(gap),
    onProblem: () => undefined,
  })
  expect(later).toEqual(gaps)
  await Promise.all([following.close(), other.close()])
  ended.abort()
  await watching
})
