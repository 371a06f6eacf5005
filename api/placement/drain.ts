// A node gives its filters away: which go next, where to, and what keeps the others. Pure; leader/drain-nodes.ts does it.
import { type Manifest } from '#filters'
import { type NodeRecord } from '../control/node-records.ts'
import { type FilterStatus } from '../control/status-records.ts'
import { ApiError } from '../errors.ts'
import { staysBecause } from '../submissions/move-rules.ts'
import { choosePlace, refusalText, takesNone } from './choose-place.ts'
import { wantedOf } from './filter-cost.ts'
import { NodeLoads } from './node-load.ts'
import { type PlannedMove, type System } from './rebalance.ts'

/** Filters that move at the same time: each is loaded anew and reads what came since it was let go. */
export const MOVES_AT_ONCE = 10
/** One that takes longer holds up no others, and it is said. */
const SLOW_MS = 10 * 60_000

/** A filter that a drain cannot move now. */
interface Stuck {
  readonly filter: string
  readonly name: string
  readonly why: string
}

export interface DrainStep {
  /** What may begin now. */
  readonly moves: readonly PlannedMove[]
  /** Filters that are placed there still. */
  readonly left: number
  /** Of these, on their way. */
  readonly moving: number
  /** Filters that have gone, while the node finishes the visits it had begun; until when, at the latest. */
  readonly finishing: number
  readonly finishedAt: string | undefined
  /** Filters that have gone, and whose earlier deliveries can still be read there; until when, at the latest. */
  readonly readable: number
  readonly readableUntil: string | undefined
  readonly stuck: readonly Stuck[]
}

/** Whether a filter is on its way to a node, or has not caught up there. */
export function isInFlight(
  { state, placement, moving, handover }: Manifest,
  status: FilterStatus | undefined,
  nowMs: number,
): boolean {
  if (state === 'deleted') return false
  if (moving !== undefined) return nowMs - Date.parse(moving.at) < SLOW_MS
  if (handover === undefined || state !== 'active' || nowMs - Date.parse(handover.at) >= SLOW_MS) return false
  return status?.mirror !== placement?.mirror || status?.state === 'catching-up'
}

/** What is to be done for a node that is drained; the nodes are all there are. */
export function drainStep(name: string, { nodes, manifests, statusOf, nowMs }: System): DrainStep {
  const now = new Date(nowMs).toISOString()
  const loads = new NodeLoads(manifests, statusOf)
  let room = MOVES_AT_ONCE - manifests.filter(one => isInFlight(one, statusOf(one.id), nowMs)).length
  const moves: PlannedMove[] = []
  const stuck: Stuck[] = []
  const here = manifests.filter(({ state, placement }) => state !== 'deleted' && placement?.mirror === name)
  const finishing = manifests.flatMap(({ state, handover }) =>
    state !== 'deleted' && handover?.from.mirror === name && handover.until > now ? handover.until : [],
  )
  const readable = manifests.flatMap(({ state, formerly = [] }) =>
    state === 'deleted' ? [] : formerly.flatMap(({ mirror, until }) => (mirror === name && until > now ? until : [])),
  )
  for (const manifest of here) {
    const { id, placement: from, moving } = manifest
    const status = statusOf(id)
    const hold = (why: string): void => void stuck.push({ filter: id, name: manifest.name, why })
    if (moving !== undefined) {
      if (nowMs - Date.parse(moving.at) >= SLOW_MS) hold(heldUp(name, status))
      continue
    }
    const why = staysBecause(manifest, { mirror: '', status, now })
    if (why !== undefined || from === null) {
      hold(why ?? 'it is nowhere')
      continue
    }
    const wanted = wantedOf(manifest, status)
    const choice = choosePlace(
      nodes.filter(node => node.name !== name),
      wanted,
      loads,
      nowMs,
    )
    if (!choice.ok) hold(refusalText(choice.reasons))
    else if (room > 0) {
      room -= 1
      loads.remove(from, wanted.cost)
      loads.add(choice.place, wanted.cost)
      moves.push({ filter: id, name: manifest.name, from, to: choice.place })
    }
  }
  return {
    moves,
    left: here.length,
    moving: here.filter(({ moving }) => moving !== undefined).length,
    finishing: finishing.length,
    finishedAt: finishing.toSorted().at(-1),
    readable: readable.length,
    readableUntil: readable.toSorted().at(-1),
    stuck,
  }
}

/** Why a node has not let go of a filter for long. */
function heldUp(name: string, status: FilterStatus | undefined): string {
  const waits = status?.waitsFor === undefined ? '' : `: it waits for ${status.waitsFor}`
  return `${name} has not let go of it${waits}. Where that node never comes back: skysieve node remove ${name} --force`
}

/**
 * Its filters are to go from now on. @throws ApiError API_NODE_STATE for a node that has not joined or is being removed, and where no other node could take them
 */
export function drained(
  record: NodeRecord,
  { nodes, nowMs }: Pick<System, 'nodes' | 'nowMs'>,
  now: string,
): NodeRecord {
  const { name, state } = record
  if (state === 'draining') return record
  const refuse = (why: string): never => {
    throw new ApiError('API_NODE_STATE', `The node “${name}” is not drained: ${why}.`)
  }
  if (state === 'expected') return refuse('it has not joined yet, and has no filters')
  if (state === 'removing') return refuse('it is being removed')
  const others = nodes.filter(node => node.name !== name)
  const reasons = others.map(node => takesNone(node, nowMs))
  if (reasons.includes(undefined)) return { ...record, state: 'draining', updatedAt: now }
  const why = others.map((node, at) => `${node.name}: ${reasons[at]}`).join('; ')
  return refuse(
    others.length === 0
      ? 'it is the only one, and its filters could go nowhere. Add another first: skysieve node add'
      : `no other node takes filters now (${why}), and its filters could go nowhere`,
  )
}
