// Where a new filter runs: on the mirror with the fewest filters, among those that have been heard of lately if there are any.
import { type Manifest } from '#filters'

export interface Candidate {
  readonly name: string
  /** Time of the node's last report, or undefined if it never reported. */
  readonly reportedAtMs: number | undefined
}

/** A node reports every few seconds; one silent for so long is not given new filters while another answers. */
export const SILENT_AFTER_MS = 60_000

/** The name of the mirror, or undefined when there is none. Ties go to the first named. */
export function chooseMirror(
  candidates: readonly Candidate[],
  manifests: Iterable<Manifest>,
  nowMs: number,
): string | undefined {
  const load = new Map<string, number>()
  for (const { placement, state } of manifests) {
    if (placement && state !== 'deleted') load.set(placement.mirror, (load.get(placement.mirror) ?? 0) + 1)
  }
  const awake = candidates.filter(({ reportedAtMs }) => nowMs - (reportedAtMs ?? -Infinity) < SILENT_AFTER_MS)
  const pool = awake.length > 0 ? awake : candidates
  return pool.toSorted((a, b) => (load.get(a.name) ?? 0) - (load.get(b.name) ?? 0))[0]?.name
}
