// The system as placement sees it at one moment, put together from the control state.
import { type Manifest } from '#filters'
import { type ControlState } from '../control/control-state.ts'
import { type Choice, choosePlace } from './choose-place.ts'
import { wantedOf } from './filter-cost.ts'
import { NodeLoads } from './node-load.ts'
import { type NodeWish, placeableNode } from './placeable-node.ts'
import { type System } from './rebalance.ts'

export interface SystemSource {
  readonly controlState: Pick<ControlState, 'nodes' | 'filters' | 'shards' | 'statusOf'>
  readonly nowMs: () => number
}

export function systemOf(source: SystemSource): System {
  const { controlState } = source
  const nowMs = source.nowMs()
  const reports = controlState.shards()
  return {
    nodes: wishesOf(source).map(wish => placeableNode(wish, reports, nowMs)),
    manifests: controlState.filters(),
    statusOf: filter => controlState.statusOf(filter),
    nowMs,
  }
}

const wishesOf = ({ controlState }: SystemSource): NodeWish[] =>
  controlState.nodes().map(({ name, state, reachedAt, labels, limits, shards, machine }) => ({
    name,
    state,
    isReached: reachedAt !== undefined,
    labels,
    maxFilters: limits.filters,
    shards,
    machine,
  }))

/** Where a filter would be placed now, or why nowhere. */
export function choiceFor(source: SystemSource, manifest: Manifest): Choice {
  const { nodes, manifests, statusOf, nowMs } = systemOf(source)
  const wanted = wantedOf(manifest, statusOf(manifest.id))
  return choosePlace(nodes, wanted, new NodeLoads(manifests, statusOf), nowMs)
}
