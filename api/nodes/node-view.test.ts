import { expect, test } from 'vitest'
import { active, now, report } from '../submissions/manifests.fixture.ts'
import { SILENT_AFTER_MS } from '../control/silence.ts'
import { expectedNode, invited, joinedNode } from './nodes.fixture.ts'
import { nodeViews } from './node-view.ts'

const nowMs = Date.parse(now)
const long = new Date(nowMs - SILENT_AFTER_MS).toISOString()
const drain = { left: 3, moving: 1, finishing: 2, readable: 2, stuck: [] }
const none = { nodes: [], reports: [], manifests: [], addressOf: () => undefined, drainOf: () => drain }

test('a node is what its shards report, and names those that are silent or have never reported', () => {
  const gap = { lane: 'live.lsst', topic: 'lsst-alerts-v11', partition: 0, from: '1', to: '9', at: now }
  const reports = [{ ...report('a', 0, 3), gaps: [gap] }, report('a', 1, 3, long), report('b', 0, 1, long)]
  expect(nodeViews({ ...none, reports, addressOf: node => (node === 'a' ? 'a:9092' : undefined) }, nowMs)).toEqual([
    {
      mirror: 'a',
      state: null,
      shards: 3,
      silentShards: [1, 2],
      silent: false,
      filters: 4,
      placed: 0,
      lagAlerts: 6,
      gaps: [gap],
      updatedAt: now,
      bootstrap: 'a:9092',
      reached: null,
      labels: {},
      limits: {},
    },
    expect.objectContaining({ mirror: 'b', silentShards: [0], silent: true, bootstrap: null }),
  ])
})

test('a node that was added is there before it reports, and tells until when it can join', () => {
  expect(nodeViews({ ...none, nodes: [expectedNode] }, nowMs)).toMatchObject([
    {
      mirror: 'node3',
      state: 'expected',
      shards: 0,
      silentShards: [],
      silent: true,
      reached: null,
      updatedAt: null,
      tokenExpiresAt: invited(expectedNode).invitation.expiresAt,
    },
  ])
})

test('a node that has joined has its shards, its machine, its filters, and why it is not reached', () => {
  const { reachedAt: _reached, ...unreached } = { ...joinedNode, unreached: 'it does not answer' }
  const manifests = [active, { ...active, placement: { mirror: 'node3', shard: 1 } }]
  const [view] = nodeViews({ ...none, nodes: [unreached], manifests }, nowMs)
  expect(view).toMatchObject({
    state: 'active',
    silentShards: [0, 1],
    placed: 1,
    reached: false,
    why: 'it does not answer',
    joinedAs: { cores: 8 },
  })
  expect(view).not.toHaveProperty('tokenExpiresAt')
  expect(nodeViews({ ...none, nodes: [joinedNode] }, nowMs)[0]).toMatchObject({ reached: true })
})

test('a node’s machine and how far its copy is behind are those of its newest report', () => {
  const machine = { name: 'pluto', cores: 4, memoryBytes: 8e9, memoryFreeBytes: 1e9, version: '0.1.0', languages: [] }
  const mirrorLag = { alerts: 7, seconds: 1.5 }
  const reports = [
    { ...report('a', 0, 2, long), machine: { ...machine, cores: 1 } },
    { ...report('a', 1, 2), machine, mirrorLag },
  ]
  expect(nodeViews({ ...none, reports }, nowMs)).toMatchObject([{ machine, mirrorLag }])
})

test('a node that is drained says how far it is, and no other does', () => {
  const draining = { ...joinedNode, state: 'draining' as const }
  expect(nodeViews({ ...none, nodes: [draining] }, nowMs)).toMatchObject([{ state: 'draining', drain }])
  expect(nodeViews({ ...none, nodes: [joinedNode] }, nowMs)[0]).not.toHaveProperty('drain')
})

test('nothing of a view is secret', () => {
  const text = JSON.stringify(nodeViews({ ...none, nodes: [expectedNode, joinedNode] }, nowMs))
  const secrets = [expectedNode, joinedNode]
    .map(invited)
    .flatMap(({ record: { sealed, hubUsers, tokenSha256 }, invitation }) => [
      sealed,
      invitation.sha256,
      tokenSha256 ?? sealed,
      ...hubUsers.flatMap(user => [user.sealed, user.salt]),
    ])
  expect(secrets.filter(secret => text.includes(secret))).toEqual([])
})

test('nodes are listed by name, numbers as numbers', () => {
  const reports = ['node10', 'node9', 'alpha'].map(mirror => report(mirror, 0, 1))
  expect(nodeViews({ ...none, reports, nodes: [joinedNode] }, nowMs).map(({ mirror }) => mirror)).toEqual([
    'alpha',
    'node3',
    'node9',
    'node10',
  ])
})
