// A node as placement sees it: what it shall be by its record, and what it is by its shards' reports.
import { type ShardStatus } from '../control/status-records.ts'
import { isSilent } from '../control/silence.ts'

/** What an administrator wants of a node. */
export interface NodeWish {
  readonly name: string
  readonly state: 'expected' | 'active' | 'cordoned' | 'draining' | 'removing'
  /** Whether the API has logged in to its broker. */
  readonly isReached: boolean
  readonly labels: Readonly<Record<string, string>>
  /** Filters it may have; any number where absent. */
  readonly maxFilters?: number | undefined
  /** By its record; 0 where that does not say. */
  readonly shards: number
  /** What its machine said of itself when it joined: for as long as it has not reported. */
  readonly machine?: { readonly cores: number; readonly languages: readonly string[] } | undefined
}

export interface PlaceableNode extends NodeWish {
  /** Shards that reported lately. */
  readonly awake: readonly number[]
  /** When one of them last did, ms since 1970; undefined where none ever has. */
  readonly heardMs: number | undefined
  readonly cores: number
  /** Undefined where it is not known which run there. */
  readonly languages: readonly string[] | undefined
  /** Of the machine of the node that has the least; undefined where that is not known. */
  readonly memoryFreeBytes: number | undefined
  /** The disk of the node that is the nearest to being full; undefined where that is not known. */
  readonly disk: { readonly bytes: number; readonly freeBytes: number } | undefined
  /** Alerts on the hub that are not on the node; undefined while that is not known. */
  readonly lagAlerts: number | undefined
}

/** Cores assumed for each shard of a node that does not say how many it has: as many as a node makes a shard for. */
const CORES_OF_SHARD = 2

/** Puts a node's record and reports together. */
export function placeableNode(wish: NodeWish, reports: readonly ShardStatus[], nowMs: number): PlaceableNode {
  const own = reports.filter(({ mirror }) => mirror === wish.name)
  const awake = own.filter(({ updatedAt }) => !isSilent(Date.parse(updatedAt), nowMs))
  // One that is silent says nothing of how its node is now.
  const machines = awake.flatMap(({ machine }) => machine ?? [])
  const shards = Math.max(wish.shards, 1, ...own.map(report => report.shards))
  const byMachine = new Map(machines.map(machine => [machine.number ?? machine.name, machine]))
  const cores = [...byMachine.values()].reduce((sum, machine) => sum + machine.cores, 0)
  return {
    ...wish,
    shards,
    awake: awake.map(({ shard }) => shard).toSorted((a, b) => a - b),
    heardMs: greatest(own.map(({ updatedAt }) => Date.parse(updatedAt))),
    cores: cores === 0 ? (wish.machine?.cores ?? shards * CORES_OF_SHARD) : cores,
    languages: machines.length === 0 ? wish.machine?.languages : [...new Set(machines.flatMap(one => one.languages))],
    memoryFreeBytes: least(machines.map(({ memoryFreeBytes }) => memoryFreeBytes)),
    disk: machines
      .flatMap(({ diskBytes: bytes = 0, diskFreeBytes: freeBytes }) =>
        freeBytes === undefined ? [] : { bytes, freeBytes },
      )
      .toSorted((a, b) => a.freeBytes - b.freeBytes)[0],
    lagAlerts: greatest(awake.flatMap(({ mirrorLag }) => mirrorLag?.alerts ?? [])),
  }
}

const least = (numbers: readonly number[]): number | undefined =>
  numbers.length === 0 ? undefined : Math.min(...numbers)
const greatest = (numbers: readonly number[]): number | undefined =>
  numbers.length === 0 ? undefined : Math.max(...numbers)
