import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { mirrorMakerEvent } from './log-event.ts'
import { followEvents } from './events-file.ts'
import { openLostRangeReader } from './lost-range.ts'
import { openOwnTasks } from './own-tasks.ts'
import { openStallClock } from './stall-clock.ts'

const dirs: string[] = []
afterEach(async () => {
  await Promise.all(dirs.splice(0).map(dir => rm(dir, { recursive: true, force: true })))
})

const BEGUN = 'INFO task-thread-MirrorSourceConnector-0 replicating 3 topic-partitions hub->node1: [_schemas-0]. (org)'
const DEAD =
  'ERROR WorkerSourceTask{id=MirrorSourceConnector-0} Task threw an uncaught and unrecoverable exception. Task is being killed and will not recover until manually restarted (org)'

describe('lines of the log', () => {
  test.each([
    ['the beginning of replication', BEGUN, 'replicating'],
    ['a dead task', DEAD, 'dead'],
    [
      'a wrong password',
      'ERROR Failed authentication with hub (SaslAuthenticationException) Authentication failed',
      'refused',
    ],
    ['a missing right', 'Not authorized to access topics: [lsst-alerts-v11]', 'refused'],
  ])('%s is noticed', (_what, line, kind) => {
    expect(mirrorMakerEvent(line)?.kind).toBe(kind)
  })

  test('where a partition of the hub is read on, because its position was gone, makes a lost range', () => {
    const read = openLostRangeReader(['lsst-alerts-v11'])
    const take = (line: string) => {
      const event = mirrorMakerEvent(line)
      return event && read(event)
    }
    const outOfRange = (place: string, offset: number): string =>
      `INFO [Consumer clientId=a, groupId=null] Fetch position FetchPosition{offset=${offset}, offsetEpoch=Optional[0], currentLeader=LeaderAndEpoch{leader=Optional[localhost:9092 (id: 1 rack: null isFenced: false)], epoch=0}} is out of range for partition ${place}, resetting offset (org)`
    const position = (place: string, offset: number): string =>
      `INFO [Consumer clientId=a, groupId=null] Resetting offset for partition ${place} to position FetchPosition{offset=${offset}, offsetEpoch=Optional.empty, currentLeader=LeaderAndEpoch{leader=Optional.empty, epoch=absent}}. (org)`
    // A new partition has no position that could be lost.
    expect(take(position('lsst-alerts-v11-3', 40))).toBeUndefined()
    expect(take(outOfRange('lsst-alerts-v11-3', 100))).toBeUndefined()
    expect(take(outOfRange('lsst-alerts-v11-12', 7))).toBeUndefined()
    expect(take(position('lsst-alerts-v11-3', 250))).toEqual({
      topic: 'lsst-alerts-v11',
      partition: 3,
      from: 100n,
      to: 250n,
    })
    expect(take(position('lsst-alerts-v11-12', 0))).toMatchObject({ partition: 12, from: 7n, to: 0n })
    expect(take(position('lsst-alerts-v11-3', 300))).toBeUndefined()
    // The hub's clock is kept for an hour only; what it said then does not matter.
    take(outOfRange('skysieve.clock-0', 1))
    expect(take(position('skysieve.clock-0', 9))).toBeUndefined()
  })

  test('tell which partitions are copied here, as tasks come and go', () => {
    const own = openOwnTasks()
    const say = (line: string): void => {
      const event = mirrorMakerEvent(line)
      if (event !== undefined) own.note(event)
    }
    const places = '[_schemas-0, lsst-alerts-v11-10, lsst-alerts-v11-1]'
    say(`INFO task-thread-MirrorSourceConnector-1 replicating 3 topic-partitions hub->node1: ${places}. (org)`)
    say('INFO task-thread-MirrorSourceConnector-0 replicating 1 topic-partitions hub->node1: [skysieve.clock-0]. (org)')
    expect(own.isOwn('lsst-alerts-v11', 10)).toBe(true)
    expect(own.isOwn('lsst-alerts-v11', 0)).toBe(false)
    say('INFO Stopping task-thread-MirrorSourceConnector-1 took 12 ms. (org)')
    expect(own.isOwn('lsst-alerts-v11', 10)).toBe(false)
    expect(own.isOwn('skysieve.clock', 0)).toBe(true)
  })

  test('one of several that has no task is there when it has joined them', () => {
    const line =
      'INFO [Worker clientId=hub->cell, groupId=hub-mm2] Joined group at generation 4 with protocol version 2 and got assignment: Assignment{error=0} (org)'
    expect(mirrorMakerEvent(line)?.kind).toBe('joined')
  })

  test('a connector that cannot start is noticed', () => {
    const line =
      'ERROR [hub->node1|worker] WorkerConnector{id=MirrorSourceConnector} Error while starting connector (org)'
    expect(mirrorMakerEvent(line)?.kind).toBe('dead')
    expect(mirrorMakerEvent('ERROR Failed to start connector MirrorSourceConnector (org)')?.kind).toBe('dead')
  })

  test('a start that Connect replaces by the next one is not a death', () => {
    const line =
      "ERROR [Worker clientId=hub->node2, groupId=hub-mm2] Failed to start connector 'MirrorSourceConnector' (org)"
    expect(mirrorMakerEvent(line)).toBeUndefined()
  })

  test('the complaint of the checkpoint connector at each start is not', () => {
    expect(
      mirrorMakerEvent('ERROR Failed to configure MirrorCheckpointConnector connector for hub->node1'),
    ).toBeUndefined()
  })
})

test('the events file is followed from its beginning, through a new start and a line written in two parts', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-events-'))
  dirs.push(dir)
  const file = join(dir, 'events.log')
  const stop = new AbortController()
  const events = followEvents(file, stop.signal)
  const next = async () => (await events.next()).value?.kind
  const first = next()
  await writeFile(file, `${BEGUN}\n`)
  expect(await first).toBe('replicating')
  await writeFile(file, DEAD.slice(0, 60), { flag: 'a' })
  const second = next()
  await new Promise(resolve => setTimeout(resolve, 300))
  await writeFile(file, `${DEAD.slice(60)}\n`, { flag: 'a' })
  expect(await second).toBe('dead')
  await writeFile(file, `${BEGUN}\n`)
  expect(await next()).toBe('replicating')
  stop.abort()
  expect(await next()).toBeUndefined()
})

describe('a stall', () => {
  test('is time without a copied record while records wait', () => {
    const stalledMs = openStallClock()
    expect(stalledMs({ alerts: 5, copied: 10n }, 0)).toBe(0)
    expect(stalledMs({ alerts: 9, copied: 10n }, 20_000)).toBe(20_000)
    expect(stalledMs({ alerts: 8, copied: 11n }, 30_000)).toBe(0)
  })

  test('is not the silence of a hub that sends nothing', () => {
    const stalledMs = openStallClock()
    stalledMs({ alerts: 0, copied: 10n }, 0)
    expect(stalledMs({ alerts: 0, copied: 10n }, 3_600_000)).toBe(0)
    expect(stalledMs({ alerts: 1, copied: 10n }, 3_601_000)).toBe(1000)
  })
})
