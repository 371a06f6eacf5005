// Filters moved so that nodes have as much to do for their cores as one another: the rule of placement as a list of moves, with hysteresis. Pure.
import { type Manifest, type Placement } from '#filters'
import { type FilterStatus } from '../control/status-records.ts'
import { staysBecause } from '../submissions/move-rules.ts'
import { choosePlace, shareOf, takesNone } from './choose-place.ts'
import { type Placeable, wantedOf } from './filter-cost.ts'
import { NodeLoads, placeOf } from './node-load.ts'
import { type PlaceableNode } from './placeable-node.ts'

/** Nothing is moved before the fullest node has so much more to do than the emptiest. */
const UNEVEN = 1.2
/** A filter moves once in this time. */
const REST_MS = 86_400_000
/** Of one plan. */
const MAX_MOVES = 200

export interface PlannedMove {
  readonly filter: string
  readonly name: string
  readonly from: Placement
  readonly to: Placement
}

/** What there is to know of a system whose filters are to be moved. */
export interface System {
  readonly nodes: readonly PlaceableNode[]
  readonly manifests: readonly Manifest[]
  readonly statusOf: (filter: string) => FilterStatus | undefined
  readonly nowMs: number
}

interface Movable {
  readonly manifest: Manifest
  readonly from: Placement
  readonly wanted: Placeable
}

/** The moves in their order, each of another filter; none where the system is even enough. */
export function planRebalance({ nodes, manifests, statusOf, nowMs }: System): PlannedMove[] {
  const loads = new NodeLoads(manifests, statusOf)
  const open = nodes.filter(node => takesNone(node, nowMs) === undefined)
  const movable = manifests.flatMap(manifest => movableOf(manifest, statusOf(manifest.id), nowMs))
  const moves: PlannedMove[] = []
  const moved = new Set<string>()
  while (moves.length < MAX_MOVES) {
    const byShare = open.toSorted((a, b) => shareOf(b, loads) - shareOf(a, loads) || a.name.localeCompare(b.name))
    const [fullest, emptiest] = [byShare[0], byShare.at(-1)]
    if (fullest === undefined || emptiest === undefined) break
    const most = shareOf(fullest, loads)
    if (most <= UNEVEN * shareOf(emptiest, loads)) break
    const [best] = movable
      .filter(({ manifest, from }) => from.mirror === fullest.name && !moved.has(manifest.id))
      .flatMap(one => {
        const rest = open.filter(node => node !== fullest)
        const { cost } = one.wanted
        const choice = choosePlace(rest, one.wanted, loads, nowMs)
        if (!choice.ok) return []
        const there = rest.find(({ name }) => name === choice.place.mirror)
        const after = there === undefined ? Infinity : shareOf(there, loads, cost.cores)
        const worst = Math.max(after, shareOf(fullest, loads, -cost.cores))
        // One that would only change places with the others of its new node is left where it is.
        return worst < most ? [{ ...one, to: choice.place, worst }] : []
      })
      .toSorted((a, b) => a.worst - b.worst || (a.manifest.id < b.manifest.id ? -1 : 1))
    if (best === undefined) break
    const { manifest, from, to, wanted } = best
    loads.remove(from, wanted.cost)
    loads.add(to, wanted.cost)
    moved.add(manifest.id)
    moves.push({ filter: manifest.id, name: manifest.name, from, to })
  }
  return moves
}

function movableOf(manifest: Manifest, status: FilterStatus | undefined, nowMs: number): Movable[] {
  const { placement, handover } = manifest
  const from = placeOf(manifest)
  const now = new Date(nowMs).toISOString()
  if (from === undefined || from !== placement || staysBecause(manifest, { mirror: '', status, now }) !== undefined)
    return []
  if (handover !== undefined && nowMs - Date.parse(handover.at) < REST_MS) return []
  return [{ manifest, from, wanted: wantedOf(manifest, status) }]
}
