// What a transaction writes about alerts over the cap: one record for each filter and visit in which their count changed.
import { visitKey } from '../progress/keys.ts'
import { type OverCap, type CommitUnit } from './commit-unit.ts'
import { sourceText } from './headers.ts'
import { OVER_CAP_TOPIC } from './topics.ts'

export interface OverCapMessage {
  readonly topic: string
  readonly key: string
  readonly value: string
}

/**
 * Key: the filter's id. Value: `{ filter, visit, overCap, alerts: [{ alert, source }] }` with the visit's exact count so far and the ids that are
 * new in the transaction; ids are decimal strings, a source is `topic-partition-offset`. Of a visit, the largest `overCap` is the newest.
 */
export function overCapMessages(units: readonly CommitUnit[]): OverCapMessage[] {
  const records = new Map<string, OverCap>()
  for (const { overCap } of units)
    for (const change of overCap) {
      const key = visitKey(change.filter, change.visit)
      const alerts = [...(records.get(key)?.alerts ?? []), ...change.alerts]
      records.set(key, { ...change, alerts })
    }
  return [...records.values()].map(({ filter, visit, total, alerts }) => ({
    topic: OVER_CAP_TOPIC,
    key: filter,
    value: JSON.stringify({
      filter,
      visit: String(visit),
      overCap: total,
      alerts: alerts.map(({ alert, source }) => ({ alert: String(alert), source: sourceText(source) })),
    }),
  }))
}
