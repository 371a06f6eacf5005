import { expect, test } from 'vitest'
import type { NodeView } from '../../../nodes/node-view.ts'
import { nodeState, nodeText } from './node-text.ts'

const view: NodeView = {
  mirror: 'node3',
  state: 'active',
  shards: 2,
  silentShards: [],
  silent: false,
  filters: 4,
  placed: 5,
  lagAlerts: 12,
  gaps: [],
  updatedAt: '2026-11-21T00:00:00.000Z',
  bootstrap: 'node.example.org:21010',
  reached: true,
  labels: { rack: 'a7', disk: 'ssd' },
  limits: { filters: 50 },
}

test('a node’s state is what keeps it from work, and what is wanted of it where that is not work', () => {
  const states: readonly (readonly [Partial<NodeView>, string])[] = [
    [{}, 'up'],
    [{ state: null, reached: null }, 'up'],
    [{ state: 'expected', updatedAt: null, silent: true }, 'expected'],
    [{ state: 'removing' }, 'removing'],
    [{ reached: false, silent: true }, 'not reached'],
    [{ updatedAt: null, silent: true }, 'not heard of'],
    [{ silent: true, silentShards: [0, 1] }, 'silent'],
    [{ silentShards: [1] }, 'shard 1 silent'],
    [{ state: 'cordoned' }, 'cordoned, up'],
    [{ state: 'draining', silent: true }, 'draining, silent'],
  ]
  expect(states.map(([over]) => nodeState({ ...view, ...over }))).toEqual(states.map(([, text]) => text))
})

test('a cell tells of each of its machines, and which are away', () => {
  const machines: NodeView['machines'] = [
    { machine: 1, state: 'up', host: '10.0.0.1', shards: [0, 2] },
    { machine: 2, state: 'silent', host: '10.0.0.2', shards: [] },
    { machine: 3, state: 'expected', host: null, shards: [], tokenExpiresAt: 'T' },
  ]
  expect(nodeState({ ...view, machines })).toBe('up without machine 2, 3')
  expect(nodeState({ ...view, machines, state: 'expected' })).toBe('expected, 2 of 3 have joined')
  const text = nodeText({ ...view, machines })
  expect(text).toMatch(/^machine 1 +up at 10\.0\.0\.1, shard 0, 2$/m)
  expect(text).toMatch(/^machine 2 +silent at 10\.0\.0\.2$/m)
  expect(text).toMatch(/^machine 3 +expected, can join until T$/m)
})

test('a node is shown with what is known of it, and without what is not', () => {
  const text = nodeText(view)
  expect(text).toMatch(/^filters +5 of 50 placed, 4 running$/m)
  expect(text).toMatch(/^labels +rack=a7 disk=ssd$/m)
  expect(text).not.toMatch(/why|machine|joined|gaps|undefined|null/)
  expect(nodeText({ ...view, certificate: { until: '2027-11-21', days: 364 } })).toMatch(
    /^certificate +364 days left, until 2027-11-21$/m,
  )
  expect(nodeText({ ...view, certificate: { until: '2026-11-19', days: -2 } })).toMatch(
    /^certificate +ended on 2026-11-19: .*renews it when/m,
  )
  const joinedAs = {
    hostname: 'pluto',
    version: '0.1.0',
    kafkaVersion: '4.3.1',
    cores: 8,
    memoryBytes: 16e9,
    diskBytes: 500e9,
    languages: ['javascript'],
  }
  const unreached = nodeText({ ...view, reached: false, why: 'refused', joinedAs, updatedAt: null })
  expect(unreached).toMatch(/^why +refused$/m)
  expect(unreached).toMatch(/^machine +pluto\ncores +8\nmemory +16\.0 GB\ndisk +500\.0 GB$/m)
  const machine = {
    name: 'pluto.example.org',
    cores: 8,
    cpuShare: 0.376,
    memoryBytes: 16e9,
    memoryFreeBytes: 3e9,
    diskBytes: 500e9,
    diskFreeBytes: 123.4e9,
    clockMs: -400,
    version: '0.1.1',
    languages: ['javascript', 'python'],
  }
  const running = nodeText({ ...view, joinedAs, machine, mirrorLag: { alerts: 7, seconds: 1.25 } })
  expect(running).toMatch(/^behind the hub +7 alerts, 1\.3 s$/m)
  expect(running).toMatch(/^cores +8, 38 % in use\nmemory +16\.0 GB, 3\.0 free\ndisk +500\.0 GB, 123\.4 free$/m)
  expect(running).toMatch(/^clock +0\.4 s behind the hub's\nSkysieve +0\.1\.1\nKafka +4\.3\.1$/m)
})
