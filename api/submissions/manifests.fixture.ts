// A filter as it was submitted and as it runs, with its node's report: for tests of the rules.
import { type FilterStatus, type ShardStatus } from '../control/status-records.ts'
import { newManifest, placed } from './manifest-changes.ts'

export const now = '2026-11-21T00:00:00.000Z'
export const submitted = newManifest(
  { name: 'bright', language: 'javascript', source: 'export const filter = () => true' },
  { id: 'f0123456789', owner: 'alice', description: '', bytes: 200, now },
  { cap: 20, stream: 'lsst' },
)
export const tried = { version: 1, alerts: 256, passed: 7 }
export const active = placed(submitted, { mirror: 'node1', shard: 0 }, tried, now)
export const status: FilterStatus = {
  filter: active.id,
  mirror: 'node1',
  shard: 0,
  state: 'live',
  version: 1,
  generation: 1,
  visits: [],
  cpuMs: 0,
  updatedAt: now,
}

/** A shard's report. */
export const report = (mirror: string, shard: number, shards: number, updatedAt = now): ShardStatus => ({
  mirror,
  shard,
  shards,
  filters: 2,
  lagAlerts: 3,
  updatedAt,
})
