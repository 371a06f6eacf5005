// What becomes of filters whose node is lost for good, as pure functions over their manifests: each goes on elsewhere by what that node last reported, and what is
// given up is written down for its author.
import { type Handover, type LostPart, type Manifest, type Placement } from '#filters'
import { destinationOf, measuredCpu, type MoveRequest, suspensionOf } from './move-rules.ts'

/** Newest last; older ones are forgotten. */
const MAX_LOST = 8

const withLost = (manifest: Manifest, part: LostPart): LostPart[] => [...(manifest.lost ?? []), part].slice(-MAX_LOST)

/**
 * An operator says that its mirror is lost for good: it is placed on the new one at once, by what its node last reported. The visits it had reported are given up
 * where it left them, with whatever is older than the newest of them, and its author is told; every other visit is the new node's, whole. What the lost node
 * delivered after its last report may come again, because nobody knows it. @throws ApiError API_STATE_CONFLICT, API_REQUEST_INVALID
 */
export function forcedTo(manifest: Manifest, request: Omit<MoveRequest, 'lateMs'>): Manifest {
  const { moving: _moving, handover: before, placement: from, ...rest } = manifest
  const { status, mirror, shard, now } = request
  // A move that was under way waits for a node that will not answer.
  const to = destinationOf({ ...rest, placement: from }, request, shard)
  if (from === null) return manifest
  const known = status?.mirror === from.mirror ? status : undefined
  const reported = known?.visits ?? []
  const begunMs = reported.flatMap(({ firstMs }) => firstMs ?? [])
  // Of a filter that has evaluated nothing yet, as far as anybody knows, nothing is given up.
  const sinceMs =
    begunMs.length > 0 ? Math.max(...begunMs) : (before?.sinceMs ?? Date.parse((known ?? manifest).updatedAt))
  const visits = [...new Set([...(before?.visits ?? []), ...reported.map(({ visit }) => visit)])]
  const suspension = suspensionOf(known)
  const carried = { ...(suspension === undefined ? {} : { suspension }), ...measuredCpu(known) }
  const handover: Handover = { from, at: now, sinceMs, visits, until: now, ...carried }
  // A node from which it came and that has not finished yet is not asked to any more.
  const given = before !== undefined && before.until > now ? visits : reported.map(({ visit }) => visit)
  const lost = withLost(manifest, { mirror: from.mirror, at: now, visits: given, beforeMs: sinceMs })
  const formerly = (manifest.formerly ?? []).filter(place => place.mirror !== from.mirror && place.mirror !== mirror)
  return { ...rest, placement: to, handover, formerly, lost, updatedAt: now }
}

/** It was on its way to a node that is lost, and its present one may have let go of it already: it goes elsewhere from the same place. */
export const retargeted = (manifest: Manifest, to: Placement, now: string): Manifest => {
  const { moving } = manifest
  return moving === undefined ? manifest : { ...manifest, moving: { ...moving, to }, updatedAt: now }
}

/** A node that it has left is lost before it had finished: what that kept is given up. Undefined where it had. */
export function finishedByLoss(manifest: Manifest, mirror: string, now: string): Manifest | undefined {
  const { handover } = manifest
  if (handover === undefined || handover.from.mirror !== mirror || handover.until <= now) return undefined
  const lost = withLost(manifest, { mirror, at: now, visits: handover.visits, beforeMs: handover.sinceMs })
  return { ...manifest, handover: { ...handover, until: now }, lost, updatedAt: now }
}
