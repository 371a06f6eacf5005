// When a node had evaluated what was played: its filters' counters of each visit, as they are committed.
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeVisit, PROGRESS_TOPIC } from '#filters'
import { type BrokerAccess, openLogReader } from '#hub'

const WAIT_MS = 250
const PAUSE_MS = 100
/** A node that commits nothing for so long while it has something to do will not go on. */
const QUIET_LIMIT_MS = 180_000
const VISIT_KEY = /^visit\/([^/]+)\/(-?\d+)$/

export interface EvaluatedWatch {
  /** Resolves to the moment, ms since 1970, at which all of these filters had seen so many alerts of a visit. */
  readonly until: (visit: string, filters: readonly string[], alerts: number) => Promise<number>
  readonly close: () => Promise<void>
}

/** Watches one shard of a node; waiting ends with the signal's reason. */
export function watchEvaluated(access: BrokerAccess, node: string, signal: AbortSignal): EvaluatedWatch {
  const reader = openLogReader(access, { clientId: 'bench', topic: PROGRESS_TOPIC })
  /** By visit and filter: how many were seen, and when that was committed. */
  const seen = new Map<string, Map<string, { readonly count: number; readonly atMs: number }>>()
  const over = new AbortController()
  let changedMs = Date.now()
  const watching = (async () => {
    let next = await reader.end()
    while (!over.signal.aborted) {
      const page = await reader.read(next, WAIT_MS)
      next = page.next
      const atMs = Date.now()
      for (const { key, value } of page.records) {
        const text = key?.toString() ?? ''
        const [, filter, visit] = VISIT_KEY.exec(text) ?? []
        if (filter === undefined || visit === undefined || value === undefined || value === null) continue
        const filters = seen.get(visit) ?? new Map<string, { count: number; atMs: number }>()
        const { seen: count } = decodeVisit(text, value.toString())
        if (count !== filters.get(filter)?.count) filters.set(filter, { count, atMs })
        seen.set(visit, filters)
        changedMs = atMs
      }
    }
  })()
  const failed = watching.then(() => Promise.reject(new Error('the watch was closed')))
  failed.catch(() => undefined)
  const until: EvaluatedWatch['until'] = async (visit, filters, alerts) => {
    changedMs = Date.now()
    for (;;) {
      const counts = filters.map(filter => seen.get(visit)?.get(filter))
      const missing = filters.filter((_, at) => (counts[at]?.count ?? 0) < alerts)
      if (missing.length === 0) return counts.reduce((last, one) => Math.max(last, one?.atMs ?? 0), 0)
      if (Date.now() - changedMs > QUIET_LIMIT_MS)
        throw new Error(
          `${node} has committed nothing for ${QUIET_LIMIT_MS / 1000} s, and these filters have not seen all of visit ${visit}: ${missing.join(', ')}`,
        )
      await Promise.race([sleep(PAUSE_MS, undefined, { signal }), failed])
    }
  }
  return {
    until,
    close: async () => {
      over.abort()
      await watching.catch(() => undefined)
      await reader.close()
    },
  }
}
