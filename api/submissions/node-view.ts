// Mirror nodes as people see them: what their shards report, put together.
import { Type, type Static } from 'typebox'
import { isSilent } from './placement.ts'
import { Gap, type ShardStatus } from '../control/status-records.ts'

export const Node = Type.Object({
  mirror: Type.String(),
  shards: Type.Integer({ description: 'how many it has' }),
  silentShards: Type.Array(Type.Integer(), { description: 'those that have not reported for a minute, or never' }),
  silent: Type.Boolean({ description: 'whether all of its shards are silent' }),
  filters: Type.Integer({ description: 'filters that run there' }),
  lagAlerts: Type.Number(),
  gaps: Type.Array(Gap, { description: 'alerts that were gone before they could be evaluated, newest last' }),
  updatedAt: Type.String({ description: 'when a shard last reported' }),
})
export type Node = Static<typeof Node>

/** One for each mirror that has reported, in the order of the reports. */
export function nodesOf(reports: readonly ShardStatus[], nowMs: number): Node[] {
  const byMirror = Map.groupBy(reports, ({ mirror }) => mirror)
  return [...byMirror].map(([mirror, own]) => {
    const updatedAt = own.map(report => report.updatedAt).reduce((a, b) => (a > b ? a : b))
    const shards = own.find(report => report.updatedAt === updatedAt)?.shards ?? own.length
    const heard = new Set(own.flatMap(({ shard, updatedAt }) => (isSilent(Date.parse(updatedAt), nowMs) ? [] : shard)))
    const silentShards = Array.from({ length: shards }, (_, shard) => shard).filter(shard => !heard.has(shard))
    return {
      mirror,
      shards,
      silentShards,
      silent: heard.size === 0,
      filters: sum(own.map(({ filters }) => filters)),
      lagAlerts: sum(own.map(({ lagAlerts }) => lagAlerts)),
      gaps: own.flatMap(({ gaps }) => gaps ?? []).toSorted((a, b) => a.at.localeCompare(b.at)),
      updatedAt,
    }
  })
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
