// What nodes have to carry: the filters that are placed there or on their way there, with what they cost. Pure; placing one more changes it.
import { type Manifest, type Placement } from '#filters'
import { type FilterStatus } from '../control/status-records.ts'
import { costOf, type FilterCost } from './filter-cost.ts'

interface Load {
  filters: number
  /** Of single cores, together. */
  cores: number
}

/** Loads of nodes and their shards. */
export class NodeLoads {
  readonly #nodes = new Map<string, Load>()
  readonly #shards = new Map<string, Load>()
  /** Of filters that their node does not run yet, so that its free memory still has room for them. */
  readonly #coming = new Map<string, number>()

  /** Every filter counts where it goes, resting ones too: they may be resumed at any time. */
  constructor(manifests: Iterable<Manifest>, statusOf: (filter: string) => FilterStatus | undefined) {
    for (const manifest of manifests) {
      const place = placeOf(manifest)
      if (place === undefined) continue
      const status = statusOf(manifest.id)
      this.add(place, costOf(manifest, status), status?.mirror !== place.mirror)
    }
  }

  add(place: Placement, cost: FilterCost, isComing = true): void {
    this.#change(place, cost, 1)
    if (isComing) this.#coming.set(place.mirror, this.comingBytes(place.mirror) + cost.memoryBytes)
  }

  remove(place: Placement, cost: FilterCost): void {
    this.#change(place, cost, -1)
  }

  #change(place: Placement, { cores }: FilterCost, sign: 1 | -1): void {
    const loads = [
      [this.#nodes, place.mirror],
      [this.#shards, keyOf(place)],
    ] as const
    for (const [map, key] of loads) {
      const load = map.get(key) ?? { filters: 0, cores: 0 }
      map.set(key, { filters: load.filters + sign, cores: load.cores + sign * cores })
    }
  }

  ofNode(mirror: string): Readonly<Load> {
    return this.#nodes.get(mirror) ?? { filters: 0, cores: 0 }
  }

  ofShard(place: Placement): Readonly<Load> {
    return this.#shards.get(keyOf(place)) ?? { filters: 0, cores: 0 }
  }

  comingBytes(mirror: string): number {
    return this.#coming.get(mirror) ?? 0
  }
}

/** Where a filter is, or is to be. */
export const placeOf = ({ state, placement, moving }: Manifest): Placement | undefined =>
  state === 'deleted' ? undefined : (moving?.to ?? placement ?? undefined)

const keyOf = ({ mirror, shard }: Placement): string => `${mirror}/${shard}`
