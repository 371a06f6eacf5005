// Which filters this shard runs, from what their owners want (manifests) and what happened to them here (progress). Pure.
import { type StartPosition } from '#mirrors'
import { type Manifest } from '../manifest.ts'
import { type FilterRecord } from '../progress/records.ts'
import { isSuspended } from '../progress/strikes-and-suspension.ts'
import { arrivalOf, finishes } from './mirror-handover.ts'
import { isAt, type Place } from './place.ts'

/**
 * - `run`: it has to have a lane
 * - `rest`: it has none for now and what it counted is kept
 * - `forget`: it is deleted, and so is everything about it
 * - `none`: not a filter of this shard
 */
export type DesiredState = 'run' | 'rest' | 'forget' | 'none'

/** What a filter is to do here; `evaluatedMs` is up to which moment this node has evaluated everything, where it is known. */
export function desiredStateFor(
  manifest: Manifest | undefined,
  record: FilterRecord | undefined,
  place: Place,
  nowMs: number,
  evaluatedMs?: number,
): DesiredState {
  const isKnown = record !== undefined
  // A filter is ended by its state, never by its manifest being away.
  if (manifest === undefined) return 'none'
  const { state, stream } = manifest
  if (state === 'deleted') return isKnown || isAt(place, manifest.placement) ? 'forget' : 'none'
  if (!isAt(place, manifest.placement) && !(isKnown && finishes(manifest, record, place, { nowMs, evaluatedMs })))
    return isKnown ? 'rest' : 'none'
  if (state !== 'active' || hasExpired(manifest, nowMs) || !place.streams.includes(stream)) return 'rest'
  const suspensions = [record?.suspension, arrivalOf(manifest, record, place)?.suspension]
  return suspensions.some(one => isSuspended(one, manifest.generation)) ? 'rest' : 'run'
}

const hasExpired = ({ expires }: Manifest, nowMs: number): boolean =>
  expires !== undefined && Date.parse(expires) <= nowMs

/** Where a filter that is new here begins. */
export const startOf = ({ start }: Manifest): StartPosition | 'now' => {
  if (start === 'now' || start === 'earliest') return start
  return 'time' in start ? { timestampMs: Date.parse(start.time) } : 'earliest'
}

/** A record for a filter that is new here, or that its owner changed: strikes and suspension belong to a generation, slowness to a version of it, what was learned to a version. */
export const recordFor = ({ active, generation }: Manifest, record: FilterRecord | undefined): FilterRecord => ({
  lane: record?.lane,
  version: active,
  generation,
  strikes: record !== undefined && record.generation >= generation ? record.strikes : 0,
  isSlow: record?.isSlow === true && record.generation >= generation && record.version === active,
  learned: record?.version === active ? record.learned : [],
  ahead: record?.ahead ?? new Map(),
  suspension: undefined,
  cut: record?.cut,
  arrived: record?.arrived,
  cpuMs: record?.cpuMs ?? 0,
  cpuAlerts: record?.cpuAlerts ?? 0,
})
