import { expect, test } from 'vitest'
import { now, report } from './manifests.fixture.ts'
import { nodesOf } from './node-view.ts'
import { SILENT_AFTER_MS } from './placement.ts'

const nowMs = Date.parse(now)
const long = new Date(nowMs - SILENT_AFTER_MS).toISOString()

test('a node is what its shards report, and names those that are silent or have never reported', () => {
  const gap = { lane: 'live.lsst', topic: 'lsst-alerts-v11', partition: 0, from: '1', to: '9', at: now }
  const reports = [{ ...report('a', 0, 3), gaps: [gap] }, report('a', 1, 3, long), report('b', 0, 1, long)]
  expect(nodesOf(reports, nowMs)).toEqual([
    {
      mirror: 'a',
      shards: 3,
      silentShards: [1, 2],
      silent: false,
      filters: 4,
      lagAlerts: 6,
      gaps: [gap],
      updatedAt: now,
    },
    expect.objectContaining({ mirror: 'b', silentShards: [0], silent: true }),
  ])
})
