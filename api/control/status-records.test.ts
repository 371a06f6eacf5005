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
})
