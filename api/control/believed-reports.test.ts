import { describe, expect, test } from 'vitest'
import { type Manifest } from '#filters'
import { active, now, report, status, submitted } from '../submissions/manifests.fixture.ts'
import { type FollowedLog, openBelievedReports, type OwnReports } from './believed-reports.ts'
import { type StatusValue } from './status-records.ts'

/** A topic that a test writes. */
const topic = <T>() => {
  const values = new Map<string, T>()
  const listeners: ((change: { readonly key: string }) => void)[] = []
  const log: FollowedLog<T> = {
    get: key => values.get(key),
    entries: () => [...values],
    onChange: listener => listeners.push(listener),
  }
  const write = (key: string, value: T | null): void => {
    if (value === null) values.delete(key)
    else values.set(key, value)
    for (const listener of listeners) listener({ key })
  }
  return { log, write }
}
type Topic = ReturnType<typeof topic<StatusValue>>

/** Topics of nodes that have one; `unread` are those of which not everything was read yet. */
const ownTopics = () => {
  const [topics, listeners] = [new Map<string, Topic>(), new Set<(key: string) => void>()]
  const unread = new Set<string>()
  const own: OwnReports = {
    nodes: () => topics.keys(),
    of: node => topics.get(node)?.log,
    isRead: node => !unread.has(node),
    onChange: listener => listeners.add(listener),
  }
  const write = (node: string, key: string, value: StatusValue | null): void => {
    const one = topics.get(node) ?? topic<StatusValue>()
    topics.set(node, one)
    one.write(key, value)
    for (const listener of listeners) listener(key)
  }
  const leave = (node: string): void => {
    const keys = [...(topics.get(node)?.log.entries() ?? [])].map(([key]) => key)
    topics.delete(node)
    for (const key of keys) for (const listener of listeners) listener(key)
  }
  return { own, unread, write, leave }
}

const open = (manifest: Manifest | null = active) => {
  const [reports, manifests, own] = [topic<StatusValue>(), topic<Manifest>(), ownTopics()]
  manifests.write(active.id, manifest)
  return { reports, manifests, own, believed: openBelievedReports(reports.log, own.own, manifests.log) }
}
const { id } = active
const forged = { ...status, mirror: 'node2', state: 'suspended' as const, cut: { at: now, sinceMs: 0, visits: [] } }

describe('of a filter', () => {
  test('what its own node reports is believed, also when it was there before', () => {
    const { reports, manifests, own, believed } = open()
    reports.write(id, status)
    expect(believed.get(id)).toEqual(status)
    expect(openBelievedReports(reports.log, own.own, manifests.log).get(id)).toEqual(status)
  })
  test('what another node reports changes nothing, nor that it takes the report away', () => {
    const { reports, manifests, own, believed } = open()
    reports.write(id, status)
    reports.write(id, forged)
    expect(believed.get(id)).toEqual(status)
    reports.write(id, null)
    expect(believed.get(id)).toEqual(status)
    reports.write(id, forged)
    expect([...openBelievedReports(reports.log, own.own, manifests.log).entries()]).toEqual([])
  })
  test('what is reported of another under its key is not believed', () => {
    const { reports, believed } = open()
    reports.write(id, { ...status, filter: 'f9876543210' })
    reports.write(id, report('node1', 0, 1))
    expect(believed.get(id)).toBeUndefined()
    expect([...believed.entries()]).toEqual([])
  })
  test('the nodes that it moves between are believed', () => {
    const to = { mirror: 'node2', shard: 0 }
    const handover = { from: to, at: now, sinceMs: 0, visits: [], until: now }
    for (const manifest of [
      { ...active, moving: { to, at: now } },
      { ...active, handover },
    ]) {
      const { reports, believed } = open(manifest)
      reports.write(id, { ...status, mirror: 'node2' })
      expect(believed.get(id)).toMatchObject({ mirror: 'node2' })
    }
  })
  test('a report that comes before the manifest is believed when that is there', () => {
    const { reports, manifests, believed } = open(submitted)
    reports.write(id, status)
    expect(believed.get(id)).toBeUndefined()
    manifests.write(id, active)
    expect(believed.get(id)).toEqual(status)
  })
  test('the report goes when its node takes it away after the filter was deleted, or with the manifest', () => {
    const { reports, manifests, believed } = open()
    reports.write(id, status)
    manifests.write(id, { ...active, state: 'deleted' })
    expect(believed.get(id)).toEqual(status)
    reports.write(id, null)
    expect(believed.get(id)).toBeUndefined()
    reports.write(id, status)
    manifests.write(id, null)
    expect(believed.get(id)).toBeUndefined()
  })
})

describe('of a shard', () => {
  test('its report is believed under its own key, with numbers that a node may have', () => {
    const { reports, believed } = open()
    const good = report('node1', 1, 2)
    reports.write('node/node1/1', good)
    reports.write('node/node2/0', report('node1', 0, 2))
    reports.write('node/node3/0', report('node3', 0, 1_000_000_000))
    reports.write('node/node4/2', report('node4', 2, 2))
    expect([...believed.entries()]).toEqual([['node/node1/1', good]])
    expect(['node/node1/1', 'node/node2/0'].map(key => believed.get(key))).toEqual([good, undefined])
    reports.write('node/node1/1', null)
    expect([...believed.entries()]).toEqual([])
  })
})

test('an upstream’s report is believed under its own key', () => {
  const { reports, believed } = open()
  const upstream: StatusValue = {
    upstream: 'rubin',
    stream: 'lsst',
    topic: 'alerts',
    bootstrap: 'survey:9092',
    registry: null,
    format: 'framed',
    state: 'copying',
    lag: null,
    packets: 1,
    bytes: 1,
    deadLetters: 0,
    schemas: [1],
    gaps: [],
    newestPacket: null,
    updatedAt: now,
  }
  reports.write('upstream/rubin', upstream)
  reports.write('upstream/other', upstream)
  expect([...believed.entries()]).toEqual([['upstream/rubin', upstream]])
})

describe('of a node that reports in a topic of its own', () => {
  const shard = report('node1', 0, 1)
  const later = { ...status, updatedAt: '2026-11-21T00:01:00.000Z' }

  test('what the shared topic has under its name is not believed, of the node nor of its filters, and is left over', () => {
    const { reports, own, believed } = open()
    reports.write('node/node1/0', { ...shard, filters: 99 })
    reports.write(id, status)
    own.write('node1', 'node/node1/0', shard)
    own.write('node1', id, later)
    reports.write(id, { ...status, state: 'suspended' })
    expect([...believed.entries()]).toEqual([
      ['node/node1/0', shard],
      [id, later],
    ])
    expect(believed.isOwn('node1')).toBe(true)
    expect(believed.leftOver()).toEqual(['node/node1/0', id])
  })
  test('what it said before in the shared one holds until it says something else', () => {
    const { reports, own, believed } = open()
    reports.write(id, status)
    own.write('node1', 'node/node1/0', shard)
    expect(believed.get(id)).toEqual(status)
    own.write('node1', id, later)
    expect(believed.get(id)).toEqual(later)
  })
  test('nothing is believed of another node, nor of a filter that is not there', () => {
    const { own, believed } = open()
    own.write('node2', 'node/node1/0', shard)
    own.write('node2', id, status)
    own.write('node2', id, { ...status, mirror: 'node2' })
    own.write('node2', 'upstream/rubin', report('node2', 0, 1))
    expect([...believed.entries()]).toEqual([])
    expect(believed.isOwn('node1')).toBe(false)
  })
  test('of a filter that moves, where it is goes before where it comes from', () => {
    const to = { mirror: 'node2', shard: 0 }
    const handover = { from: { mirror: 'node1', shard: 0 }, at: now, sinceMs: 0, visits: [], until: now }
    const { manifests, own, believed } = open()
    own.write('node1', id, later)
    manifests.write(id, { ...active, placement: to, handover })
    expect(believed.get(id)).toEqual(later)
    const there = { ...status, mirror: 'node2' }
    own.write('node2', id, there)
    own.write('node1', id, later)
    expect(believed.get(id)).toEqual(there)
  })
  test('a deletion is acknowledged when it takes its report away or is no more, not while its topic is unread', () => {
    const deleted = { ...active, state: 'deleted' as const }
    const { manifests, own, believed } = open()
    own.write('node1', id, status)
    manifests.write(id, deleted)
    expect(believed.get(id)).toEqual(status)
    own.unread.add('node1')
    own.write('node1', id, null)
    expect(believed.get(id)).toEqual(status)
    own.unread.clear()
    own.leave('node1')
    manifests.write(id, deleted)
    expect(believed.get(id)).toBeUndefined()
  })
})
