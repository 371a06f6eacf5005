// Where a filter runs: in the shard with the fewest filters, among those that have been heard of lately if there are any.
import { type Manifest, type Placement } from '#filters'
import { type ShardStatus } from '../control/status-records.ts'

export interface Candidate extends Placement {
  /** Time of the shard's last report, or undefined if it never reported. */
  readonly reportedAtMs: number | undefined
}

/** A shard reports every few seconds; one silent for so long is not given new filters while another answers. */
export const SILENT_AFTER_MS = 60_000

/** Also where its time is none. */
export const isSilent = (reportedAtMs: number | undefined, nowMs: number): boolean =>
  !(nowMs - (reportedAtMs ?? -Infinity) < SILENT_AFTER_MS)

/** The shards of some mirrors. Of a mirror that never reported, the one that every mirror has. */
export const candidatesOf = (mirrors: readonly string[], reports: readonly ShardStatus[]): Candidate[] =>
  mirrors.flatMap((mirror): Candidate[] => {
    const own = reports.filter(report => report.mirror === mirror)
    if (own.length === 0) return [{ mirror, shard: 0, reportedAtMs: undefined }]
    return own.map(({ shard, updatedAt }) => ({ mirror, shard, reportedAtMs: Date.parse(updatedAt) }))
  })

/** The place, or undefined when there is none. Of shards with as many filters it is that of the emptier mirror, and then the first named. */
export function choosePlace(
  candidates: readonly Candidate[],
  manifests: Iterable<Manifest>,
  nowMs: number,
): Placement | undefined {
  const placements = [...manifests].flatMap(({ placement, state }) => (state === 'deleted' ? [] : (placement ?? [])))
  const load = ({ mirror, shard }: Placement): readonly [ofShard: number, ofMirror: number] => {
    const there = placements.filter(place => place.mirror === mirror)
    return [there.filter(place => place.shard === shard).length, there.length]
  }
  const awake = candidates.filter(({ reportedAtMs }) => !isSilent(reportedAtMs, nowMs))
  const [best] = (awake.length > 0 ? awake : candidates)
    .map(({ mirror, shard }) => ({ place: { mirror, shard }, load: load({ mirror, shard }) }))
    .toSorted((a, b) => a.load[0] - b.load[0] || a.load[1] - b.load[1])
  return best?.place
}
