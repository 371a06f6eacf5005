// What the leader does for nodes that are drained: their filters are asked to move, ten at a time. move-filters.ts brings them there.
import { type FastifyBaseLogger } from 'fastify'
import { ApiError } from '../errors.ts'
import { drainStep } from '../placement/drain.ts'
import { type PlannedMove } from '../placement/rebalance.ts'
import { systemOf } from '../placement/system.ts'
import { type Platform } from '../platform.ts'
import { movingTo, moveTimes } from '../submissions/move-rules.ts'

/** One round over all nodes. Whatever fails is logged and comes again with the next round. */
export async function drainNodes(platform: Platform, log: FastifyBaseLogger): Promise<void> {
  for (const { name, state } of platform.controlState.nodes()) {
    if (state !== 'draining') continue
    // What the node before it began counts.
    for (const move of drainStep(name, systemOf(platform)).moves)
      await beginMove(platform, move).catch((error: unknown) =>
        log.warn({ node: name, filter: move.filter, err: error }, 'draining failed; it comes again'),
      )
  }
}

/** Asks a filter to move. One that meanwhile cannot is left where it is; says whether it moves. */
export async function beginMove(platform: Platform, { filter, from, to }: PlannedMove): Promise<boolean> {
  const { controlState, writes, settings, nowMs } = platform
  return writes.change(async writer => {
    const old = controlState.filter(filter)
    if (old === undefined || old.placement?.mirror !== from.mirror) return false
    const { lateMs } = moveTimes(settings.moves)
    const request = { ...to, status: controlState.statusOf(filter), lateMs, now: new Date(nowMs()).toISOString() }
    try {
      const next = movingTo(old, request)
      if (next !== old) await writer.manifest(next)
      return true
    } catch (error) {
      if (error instanceof ApiError && error.code === 'API_STATE_CONFLICT') return false
      throw error
    }
  })
}
