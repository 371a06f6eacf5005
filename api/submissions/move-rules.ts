// A filter's way from one mirror to another, as pure functions over its manifest: asked for, handed over where its old node let go, and over.
import { type FormerPlace, type Handover, type Manifest, type Suspension } from '#filters'
import { ApiError } from '../errors.ts'
import { type FilterStatus, type ShardStatus } from '../control/status-records.ts'
import { type MoveSettings } from '../settings.ts'

/** The new node's share is told by the handover; after a day it has read past everything that is not its own. */
const FORGET_MS = 86_400_000
/** A manifest reaches both nodes within this time, so that both know of an end that comes sooner than was said. */
const NOTICE_MS = 60_000
/** Of a manifest that went round and round. */
const MAX_FORMER = 8
const MAX_MESSAGE_CHARS = 1000

/** The settings of moves in milliseconds. */
export interface MoveTimes {
  readonly finishMs: number
  readonly lateMs: number
  readonly keepMs: number
}

export const moveTimes = ({ finishMinutes, lateMinutes, keepDays }: MoveSettings): MoveTimes => ({
  finishMs: finishMinutes * 60_000,
  lateMs: lateMinutes * 60_000,
  keepMs: keepDays * 86_400_000,
})

const iso = (ms: number): string => new Date(ms).toISOString()

/** The mirror an operator names, and the shard of it that is to run the filter. */
interface Destination {
  readonly mirror: string
  /** Undefined where there is no such mirror. */
  readonly shard: number | undefined
}

/** What there is to know of a filter that is asked to move. */
export interface MoveRequest extends Destination {
  readonly status: FilterStatus | undefined
  readonly lateMs: number
  readonly now: string
}

/** Why a filter cannot move there now; undefined where it can. It moves as it is, also when it is paused or suspended. */
export function staysBecause(
  { placement, moving, handover, state }: Manifest,
  { mirror, status, now }: Pick<MoveRequest, 'mirror' | 'status' | 'now'>,
): string | undefined {
  if ((state !== 'active' && state !== 'paused') || placement === null)
    return `it is ${state}; only an active or paused filter moves`
  if (placement.mirror === mirror) return `it runs on ${mirror} already`
  if (moving !== undefined) return `it is on its way to ${moving.to.mirror}`
  if (handover === undefined) return undefined
  if (now < handover.until)
    return `${handover.from.mirror} still finishes visits of it; try again after ${handover.until}`
  // What is not its own lies among what it has not read yet.
  const isSettled = status?.mirror === placement.mirror && status.state !== 'catching-up' && status.state !== 'failed'
  if (isSettled) return undefined
  const why = status?.waitsFor === undefined ? '' : `: ${status.waitsFor}`
  return `${placement.mirror} has not caught up with it since it came from ${handover.from.mirror}${why}`
}

/** An operator asks for it. @throws ApiError API_STATE_CONFLICT, API_REQUEST_INVALID */
export function movingTo(manifest: Manifest, request: MoveRequest): Manifest {
  const { mirror, shard, lateMs, now } = request
  if (manifest.moving?.to.mirror === mirror) return manifest
  const to = destinationOf(manifest, request, shard)
  const { handover: _over, ...rest } = manifest
  return { ...rest, moving: { to, at: now, lateMs }, updatedAt: now }
}

/** The place that is asked for, if the filter can move there now. @throws ApiError API_STATE_CONFLICT, API_REQUEST_INVALID */
export function destinationOf(
  manifest: Manifest,
  request: Omit<MoveRequest, 'lateMs'>,
  shard: number | undefined,
): { mirror: string; shard: number } {
  const reason = staysBecause(manifest, request)
  if (reason !== undefined)
    throw new ApiError('API_STATE_CONFLICT', `The filter “${manifest.name}” stays where it is: ${reason}.`)
  if (shard !== undefined) return { mirror: request.mirror, shard }
  const message = `There is no mirror “${request.mirror}” here; GET /v1/nodes lists them.`
  throw new ApiError('API_REQUEST_INVALID', message, { problems: [{ pointer: '/mirror', message }] })
}

/** Its node has let go: from here on it is placed where it moves to. Undefined while the node has not. */
export function handedOver(
  manifest: Manifest,
  status: FilterStatus | undefined,
  { finishMs, lateMs, keepMs }: MoveTimes,
  nowMs: number,
): Manifest | undefined {
  const { moving, placement, ...rest } = manifest
  const cut = status?.cut
  if (moving === undefined || placement === null || cut?.at !== moving.at || status?.mirror !== placement.mirror)
    return undefined
  const suspension = suspensionOf(status)
  const untilMs = nowMs + finishMs
  const handover: Handover = {
    from: placement,
    ...cut,
    until: iso(untilMs),
    lateMs: moving.lateMs ?? lateMs,
    ...(suspension === undefined ? {} : { suspension }),
    ...measuredCpu(status),
  }
  const left: FormerPlace = { ...placement, until: iso(untilMs + keepMs) }
  const others = (rest.formerly ?? []).filter(
    ({ mirror }) => mirror !== placement.mirror && mirror !== moving.to.mirror,
  )
  const formerly = [left, ...others].slice(0, MAX_FORMER)
  return { ...rest, placement: moving.to, handover, formerly, updatedAt: iso(nowMs) }
}

/** What a filter costs by its node's report, for whoever places it before its next node has measured that. */
export const measuredCpu = (status: FilterStatus | undefined): Pick<Handover, 'cpu'> =>
  status?.cpuAlerts === undefined ? {} : { cpu: { ms: Math.max(0, status.cpuMs), alerts: status.cpuAlerts } }

/** What keeps a filter from running wherever it goes, by its node's report. */
export function suspensionOf(status: FilterStatus | undefined): Suspension | undefined {
  if (status?.state !== 'suspended') return undefined
  const { generation, reason: text = 'error: it was suspended', line, column, updatedAt } = status
  const [reason = 'error', ...message] = text.split(': ')
  return {
    generation,
    reason,
    message: message.join(': ').slice(0, MAX_MESSAGE_CHARS),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    at: updatedAt,
  }
}

/** The shard that a filter came from reports that its visits are over there: its time ends sooner than was said. Undefined where it does not. */
export function endedEarly(
  manifest: Manifest,
  reports: readonly Pick<ShardStatus, 'mirror' | 'shard' | 'over'>[],
  { finishMs }: Pick<MoveTimes, 'finishMs'>,
  nowMs: number,
): Manifest | undefined {
  const { id, handover } = manifest
  if (handover === undefined) return undefined
  const { from, at } = handover
  const untilMs = nowMs + Math.min(NOTICE_MS, finishMs / 2)
  if (untilMs >= Date.parse(handover.until)) return undefined
  const report = reports.find(({ mirror, shard }) => mirror === from.mirror && shard === from.shard)
  if (report?.over?.some(one => one.filter === id && one.at === at) !== true) return undefined
  return { ...manifest, handover: { ...handover, until: iso(untilMs) } }
}

/** The move a manifest still tells of and need not any more. */
export const pastHandover = ({ handover }: Manifest, nowMs: number): Handover | undefined =>
  handover !== undefined && nowMs > Date.parse(handover.until) + FORGET_MS ? handover : undefined

/** Former places whose time is over, or that are no more; `isServed` says which brokers there are. */
export const pastPlaces = (
  { formerly = [], moving }: Manifest,
  isServed: (mirror: string) => boolean,
  nowMs: number,
): readonly FormerPlace[] =>
  formerly.filter(
    ({ mirror, until }) => mirror !== moving?.to.mirror && (Date.parse(until) <= nowMs || !isServed(mirror)),
  )
