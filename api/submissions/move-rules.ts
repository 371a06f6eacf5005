// A filter's way from one mirror to another, as pure functions over its manifest: asked for, handed over where its old node let go, and over.
import { type Handover, type Manifest } from '#filters'
import { ApiError } from '../errors.ts'
import { type FilterStatus } from '../control/status-records.ts'

/** The old node finishes its visits for so long: far longer than a visit's packets are late. */
const FINISH_MS = 30 * 60_000
/** The new node's share is told by the handover; after a day it has read past everything that is not its own. */
const FORGET_MS = 86_400_000

/** The mirror an operator names, and the shard of it that is to run the filter. */
export interface Destination {
  readonly mirror: string
  /** Undefined where there is no such mirror. */
  readonly shard: number | undefined
}

/** An operator asks for it. @throws ApiError API_STATE_CONFLICT, API_REQUEST_INVALID */
export function movingTo(
  manifest: Manifest,
  status: FilterStatus | undefined,
  { mirror, shard }: Destination,
  now: string,
): Manifest {
  const { name, placement, moving, handover, state } = manifest
  if (moving?.to.mirror === mirror) return manifest
  const problem = (): string | undefined => {
    if (state !== 'active' || placement === null) return `it is ${state}; only an active filter moves`
    if (status?.state === 'suspended') return 'it is suspended; its owner has to resume it first'
    if (placement.mirror === mirror) return `it runs on ${mirror} already`
    if (moving !== undefined) return `it is on its way to ${moving.to.mirror}`
    if (handover !== undefined && now < handover.until)
      return `${handover.from.mirror} still finishes visits of it; try again after ${handover.until}`
    return undefined
  }
  const reason = problem()
  if (reason !== undefined)
    throw new ApiError('API_STATE_CONFLICT', `The filter “${name}” stays where it is: ${reason}.`)
  if (shard === undefined) {
    const message = `There is no mirror “${mirror}” here; GET /v1/status lists them.`
    throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/mirror', message }] })
  }
  const { handover: _over, ...rest } = manifest
  return { ...rest, moving: { to: { mirror, shard }, at: now }, updatedAt: now }
}

/**
 * An operator says that its mirror is lost for good: it is placed on the new one at once, by what its node last reported. The visits it had reported are given up
 * where it left them, with whatever is older than the newest of them; every other visit is the new node's, whole. What the lost node delivered after its last report
 * may come again, because nobody knows it. @throws ApiError API_STATE_CONFLICT, API_REQUEST_INVALID
 */
export function forcedTo(
  manifest: Manifest,
  status: FilterStatus | undefined,
  { mirror, shard }: Destination,
  now: string,
): Manifest {
  const { moving: _moving, handover: _over, placement: from, ...rest } = manifest
  // A move that was under way waits for a node that will not answer.
  movingTo({ ...rest, placement: from }, status, { mirror, shard }, now)
  if (from === null || shard === undefined) return manifest
  const visits = status?.mirror === from.mirror ? status.visits : []
  const begunMs = visits.flatMap(({ firstMs }) => firstMs ?? [])
  const sinceMs = begunMs.length === 0 ? Date.parse(now) : Math.max(...begunMs)
  const handover: Handover = {
    from,
    at: now,
    sinceMs,
    visits: visits.map(({ visit }) => visit),
    until: now,
  }
  return { ...rest, placement: { mirror, shard }, handover, updatedAt: now }
}

/** Its node has let go: from here on it is placed where it moves to. Undefined while the node has not. */
export function handedOver(manifest: Manifest, status: FilterStatus | undefined, nowMs: number): Manifest | undefined {
  const { moving, placement, ...rest } = manifest
  const cut = status?.cut
  if (moving === undefined || placement === null || cut?.at !== moving.at || status?.mirror !== placement.mirror)
    return undefined
  const until = new Date(nowMs + FINISH_MS).toISOString()
  const handover: Handover = { from: placement, ...cut, until }
  return { ...rest, placement: moving.to, handover, updatedAt: new Date(nowMs).toISOString() }
}

/** The move a manifest still tells of and need not any more. */
export const pastHandover = ({ handover }: Manifest, nowMs: number): Handover | undefined =>
  handover !== undefined && nowMs > Date.parse(handover.until) + FORGET_MS ? handover : undefined
