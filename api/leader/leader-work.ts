// What an instance does while it leads: work the queue of submissions, and reconcile over and over. Read it first in this folder.
// In: a signal that ends when this instance leads no more. Out: writes to the control topics, users and topics on the brokers.
import { type FastifyBaseLogger } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Platform } from '../platform.ts'
import { advanceMoves } from './move-filters.ts'
import { drainNodes } from './drain-nodes.ts'
import { processSubmission } from './process-submission.ts'
import { type SubmissionQueue } from '../jobs/submission-queue.ts'
import { newIdleGroupCleaner } from './delete-idle-groups.ts'
import { newNodeReacher } from './reach-nodes.ts'
import { newReconciler } from './reconcile.ts'
import { separateReports } from './separate-reports.ts'

const RECONCILE_EVERY_MS = 30_000
/** Visits that begin while a filter is handed over wait for it. */
const MOVES_EVERY_MS = 2000
/** A node that joins waits for it before it gets filters. */
const NODES_EVERY_MS = 500
/** Only nodes of former versions wait for it. */
const REPORTS_EVERY_MS = 10_000
/** What 150 groups with the longest comments take of a broker is a few MB; what comes in a minute is bounded by the users' share of requests. */
const GROUPS_EVERY_MS = 60_000
/** Uses of tokens are written this rarely: a record per request would be a record per request. */
const LAST_USED_EVERY_MS = 300_000

export interface LeaderWorkOptions {
  readonly platform: Platform
  readonly jobs: SubmissionQueue
  /** Token id → when it was last used; emptied when written. */
  readonly seen: Map<string, number>
  readonly log: FastifyBaseLogger
}

/** Begins the leader's work; it ends with the signal. */
export function beginLeaderWork(options: LeaderWorkOptions, signal: AbortSignal): void {
  const { platform, seen, log } = options
  void beginWork(options, signal)
  void repeat(LAST_USED_EVERY_MS, signal, () =>
    writeLastUsed(platform, seen).catch((error: unknown) => log.warn({ err: error }, 'last uses were not written')),
  )
}

async function beginWork({ platform, jobs, log }: LeaderWorkOptions, signal: AbortSignal): Promise<void> {
  const reacher = newNodeReacher(platform, log, signal)
  // Nodes wait for no queue.
  void repeat(NODES_EVERY_MS, signal, async () => reacher.round())
  await jobs.reset(signal)
  if (signal.aborted) return
  const worker = jobs.work((filter, report) => processSubmission(platform, filter, report))
  signal.addEventListener('abort', () => void worker.close(), { once: true })
  const cleaner = newIdleGroupCleaner(platform, log)
  await Promise.all([
    repeat(RECONCILE_EVERY_MS, signal, reconciling(platform, log, signal)),
    repeat(MOVES_EVERY_MS, signal, () => advanceMoves(platform, log)),
    repeat(MOVES_EVERY_MS, signal, () => drainNodes(platform, log)),
    repeat(REPORTS_EVERY_MS, signal, () => separateReports(platform, log)),
    repeat(GROUPS_EVERY_MS, signal, () => cleaner.round()),
  ])
}

function reconciling(platform: Platform, log: FastifyBaseLogger, signal: AbortSignal): () => Promise<void> {
  const reconciler = newReconciler(platform, log, signal)
  return () => reconciler.round()
}

/** Runs `work` now and then after each pause, never twice at once. `work` must not reject. */
async function repeat(everyMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work()
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

async function writeLastUsed({ controlState, writes }: Platform, seen: Map<string, number>): Promise<void> {
  if (seen.size === 0) return
  const uses = [...seen]
  seen.clear()
  await writes.change(async writer => {
    for (const [id, usedMs] of uses) {
      const token = controlState.token(id)
      if (token) await writer.record({ ...token, lastUsedAt: new Date(usedMs).toISOString() })
    }
  })
}
