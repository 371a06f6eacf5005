export const description =
  'ZTF: at least half a magnitude brighter than the mean of its earlier detections in the same band'

interface Candidate {
  candid: bigint | null
  fid: number
  magpsf: number | null
}

export function filter(alert: { candidate: Candidate; prv_candidates: Candidate[] | null }): boolean {
  const { fid, magpsf } = alert.candidate
  let sum = 0
  let count = 0
  for (const prior of alert.prv_candidates ?? []) {
    // Entries without a candid are upper limits.
    if (prior.candid === null || prior.fid !== fid || prior.magpsf === null) continue
    sum += prior.magpsf
    count++
  }
  return count > 0 && magpsf !== null && magpsf < sum / count - 0.5
}
