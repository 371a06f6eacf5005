import { describe, expect, test } from 'vitest'
import { Value } from 'typebox/value'
import { StatusValue } from './status-records.ts'

const now = '2026-11-21T00:00:00.000Z'

describe('a report', () => {
  test('of a filter that has no lane yet, or of a node with gaps, is taken as it is', () => {
    const status = {
      filter: 'f0123456789',
      mirror: 'node1',
      shard: 0,
      state: 'catching-up',
      version: 1,
      generation: 1,
      lane: null,
      visits: [],
      cpuMs: 0,
      updatedAt: now,
      lastError: { message: 'x', line: 2 },
    }
    expect(Value.Parse(StatusValue, status)).toEqual(status)
    const gap = { lane: 'live.lsst', topic: 'lsst-alerts-v11', partition: 0, from: '1', to: '9', at: now }
    const node = { mirror: 'node1', shard: 0, shards: 1, filters: 0, lagAlerts: 0, gaps: [gap], updatedAt: now }
    expect(Value.Parse(StatusValue, node)).toEqual(node)
  })

  const machine = { name: 'm', cores: 2, memoryBytes: 8, memoryFreeBytes: 3, version: '0.1.0', languages: ['python'] }
  const node = { mirror: 'node1', shard: 0, shards: 1, filters: 0, lagAlerts: 0, updatedAt: now }

  test('says what the machine is and how far its copy is behind, as far as that is known', () => {
    const full = { ...machine, cpuShare: 0.5, diskBytes: 9, diskFreeBytes: 1, clockMs: -3, languages: ['javascript'] }
    for (const one of [machine, full]) {
      const value = { ...node, machine: one, mirrorLag: { alerts: 3, seconds: 0 } }
      expect(Value.Parse(StatusValue, value)).toEqual(value)
    }
  })

  test('with numbers that cannot be is not taken', () => {
    const wrong = [{ cores: 0 }, { cores: 1e9 }, { memoryFreeBytes: -1 }, { memoryBytes: null }, { cpuShare: 2 }]
    for (const one of wrong) expect(Value.Check(StatusValue, { ...node, machine: { ...machine, ...one } })).toBe(false)
    for (const mirrorLag of [{ alerts: -1, seconds: 0 }, { alerts: 1, seconds: null }, {}])
      expect(Value.Check(StatusValue, { ...node, mirrorLag })).toBe(false)
  })
})
