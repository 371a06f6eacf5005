// A hub and its nodes on machines of their own, while visits play: a third node joins by token and takes its share, the first is drained and removed, the link of
// the second is cut for a minute. Audited as subscribers read: by the command line, and from all sources. `npm run chaos -- --nodes` is a long one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runNodes } from '../chaos/nodes/run-nodes.ts'
import { ENVIRONMENT } from './config.ts'

const FILTERS = 25
/** Only to end a test that will not pass. */
const LIMIT_MS = 3_000_000
const dir = mkdtempSync(join(tmpdir(), 'sky-moved-'))
const lines: string[] = []

afterAll(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }))

test(
  'nodes come, are drained, removed and cut off, and no subscriber loses, doubles or miscounts an alert',
  { timeout: LIMIT_MS },
  async () => {
    const run = await runNodes({
      visits: 12,
      alerts: 60,
      intervalSeconds: 4,
      seed: 7,
      filters: FILTERS,
      followed: 3,
      cutSeconds: 60,
      // Packets of a visit are 17 s apart at most.
      moves: { finishMinutes: 1.25, lateMinutes: 0.5 },
      dir,
      env: ENVIRONMENT,
      print: line => lines.push(line),
    })
    const { lost, duplicated, overCap, wrongCounters, wrongDeliveries, endedFollowers } = run
    const wrong = { lost, duplicated, overCap, wrongCounters, wrongDeliveries, endedFollowers }
    expect(wrong, lines.join('\n')).toEqual({
      lost: 0,
      duplicated: 0,
      overCap: 0,
      wrongCounters: 0,
      wrongDeliveries: 0,
      endedFollowers: 0,
    })
    expect(run.rebalanced, lines.join('\n')).toBeGreaterThan(0)
    expect(run.drainedFilters).toBeGreaterThan(0)
    expect(run.takenByThird).toBeGreaterThan(FILTERS / 4)
    expect(Object.keys(run.deliveriesByNode).toSorted()).toEqual(['first', 'second', 'third'])
    expect(run.followedDeliveries).toBeGreaterThan(0)
  },
)
