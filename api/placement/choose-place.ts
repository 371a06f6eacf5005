// Where a filter runs: on the node that has the least to do for its cores, of those that can take it; there in the shard that has. Pure.
import { type Placement } from '#filters'
import { type Placeable } from './filter-cost.ts'
import { type NodeLoads } from './node-load.ts'
import { type PlaceableNode } from './placeable-node.ts'

/** A visit of Rubin: a node that is further behind would make a new filter wait, and has enough to do. */
const MAX_LAG_ALERTS = 10_000
/** What the topic of a filter keeps; of a small disk a tenth. */
const MIN_DISK_BYTES = 1024 ** 3
const MIN_DISK_SHARE = 0.1
const GB = 1_000_000_000
const MB = 1_000_000

export interface NodeRefusal {
  readonly node: string
  readonly why: string
}

export type Choice =
  | { readonly ok: true; readonly place: Placement }
  /** Why each node cannot take it. */
  | { readonly ok: false; readonly reasons: readonly NodeRefusal[] }

const STATES: Readonly<Record<PlaceableNode['state'], string | undefined>> = {
  expected: 'it has not joined yet',
  active: undefined,
  cordoned: 'it is cordoned',
  draining: 'it is drained',
  removing: 'it is being removed',
}

/** Why a node takes no filters at all at the moment; undefined where it does. */
export function takesNone(node: PlaceableNode, nowMs: number): string | undefined {
  const { state, isReached, awake, heardMs, lagAlerts = 0, disk } = node
  const why = STATES[state]
  if (why !== undefined) return why
  if (!isReached) return 'the API has not reached its broker yet'
  if (heardMs === undefined) return 'it has never reported'
  if (awake.length === 0) return `it has not reported for ${Math.round((nowMs - heardMs) / 1000)} s`
  if (lagAlerts >= MAX_LAG_ALERTS) return `its copy is ${lagAlerts} alerts behind the hub`
  if (disk !== undefined && disk.freeBytes < Math.min(MIN_DISK_BYTES, MIN_DISK_SHARE * disk.bytes))
    return `its disk has ${(disk.freeBytes / GB).toFixed(1)} GB left`
  return undefined
}

/** Why a node cannot take this filter; undefined where it can. */
export function whyNot(node: PlaceableNode, filter: Placeable, loads: NodeLoads, nowMs: number): string | undefined {
  const { name, labels, languages, maxFilters = Infinity, memoryFreeBytes = Infinity } = node
  const why = takesNone(node, nowMs)
  if (why !== undefined) return why
  const missing = Object.entries(filter.labels).find(([label, value]) => labels[label] !== value)
  if (missing !== undefined) return `it lacks the label ${missing.join('=')}`
  if (languages?.includes(filter.language) === false) return `it runs no ${filter.language}`
  const { filters } = loads.ofNode(name)
  if (filters >= maxFilters) return `it has ${filters} filters, and its limit is ${maxFilters}`
  const leftBytes = memoryFreeBytes - loads.comingBytes(name) - filter.cost.memoryBytes
  if (leftBytes < 0) return `its memory has only ${Math.round((leftBytes + filter.cost.memoryBytes) / MB)} MB left`
  return undefined
}

/** Shares that differ by less are the same: sums of them are not exact. */
const STEPS = 1e9

/** What a node would have to do for each of its cores with `cores` more. */
export const shareOf = ({ name, cores }: PlaceableNode, loads: NodeLoads, more = 0): number =>
  Math.round(((loads.ofNode(name).cores + more) / cores) * STEPS) / STEPS

/** The place, or why there is none: the least share of cores, then the fewest filters, then the first name. */
export function choosePlace(
  nodes: readonly PlaceableNode[],
  filter: Placeable,
  loads: NodeLoads,
  nowMs: number,
): Choice {
  const answers = nodes.map(node => ({ node, why: whyNot(node, filter, loads, nowMs) }))
  const [best] = answers
    .flatMap(({ node, why }) => (why === undefined ? [node] : []))
    .map(node => ({ node, share: shareOf(node, loads, filter.cost.cores), load: loads.ofNode(node.name) }))
    .toSorted((a, b) => a.share - b.share || a.load.filters - b.load.filters || byName(a.node, b.node))
  if (best !== undefined) return { ok: true, place: { mirror: best.node.name, shard: shardOf(best.node, loads) } }
  const reasons = answers.toSorted((a, b) => byName(a.node, b.node))
  return { ok: false, reasons: reasons.map(({ node, why = '' }) => ({ node: node.name, why })) }
}

/** The shard of a node that has the least to do, then the fewest filters, then the first. One that is silent is left out while another is not. */
function shardOf({ name: mirror, awake, shards }: PlaceableNode, loads: NodeLoads): number {
  const numbers = awake.length > 0 ? awake : Array.from({ length: shards }, (_, shard) => shard)
  const [best = 0] = numbers.toSorted((a, b) => {
    const [one, other] = [loads.ofShard({ mirror, shard: a }), loads.ofShard({ mirror, shard: b })]
    return Math.round((one.cores - other.cores) * STEPS) || one.filters - other.filters || a - b
  })
  return best
}

/** Names as people count them: node2 before node10. */
const byName = (a: PlaceableNode, b: PlaceableNode): number => a.name.localeCompare(b.name, 'en', { numeric: true })

/** A refusal as a sentence. */
export const refusalText = (reasons: readonly NodeRefusal[]): string =>
  reasons.length === 0
    ? 'there is no node; skysieve node add adds one'
    : `no node can take it now: ${reasons.map(({ node, why }) => `${node}: ${why}`).join('; ')}`
