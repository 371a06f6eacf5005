// One alert that passed a filter: deliver it, hold it, or drop it because the visit's cap is full. In: the state of (filter, visit), which is changed. Out: what follows.
import { type Verdicts } from '#sandbox'
import { type Entry } from '../batch/lane-batch.ts'
import { decideBest } from '../cap/best-policy.ts'
import { decideFirst } from '../cap/first-policy.ts'
import { heldAnnotationBytes } from '../cap/held-annotations.ts'
import { type Candidate, type Source, type Visit } from '../cap/visit.ts'
import { type CappedFilter } from './capped-filter.ts'
import { extrasOf } from './verdict-rows.ts'

export interface CapDecision {
  readonly deliver: boolean
  /** The alert itself or the candidate that it displaced. */
  readonly overCap: readonly { alert: bigint; source: Source }[]
  readonly held?: Candidate
  /** It has lost its place. */
  readonly released?: Candidate
  /** Its annotations are longer than a candidate's may be. */
  readonly isStripped?: boolean
}

/** Counts the alert in the visit's state and says what becomes of it. */
export function decideCap(
  state: Visit,
  filter: CappedFilter,
  verdict: Verdicts,
  entry: Entry,
  source: Source,
): CapDecision {
  const { alert } = entry
  const { policy, cap, version } = filter
  if (policy === 'first') {
    const decision = decideFirst(state, cap, alert)
    return { deliver: decision === 'deliver', overCap: decision === 'over-cap' ? [{ alert, source }] : [] }
  }
  const { score = 0, annotations } = extrasOf(verdict, entry.row)
  const fits = annotations === undefined || Buffer.byteLength(annotations) <= heldAnnotationBytes(cap)
  const candidate: Candidate = {
    alert,
    score,
    source,
    version,
    ...(annotations === undefined || !fits ? {} : { annotations }),
  }
  const { decision, evicted } = decideBest(state, cap, candidate)
  const lost = decision === 'over-cap' ? candidate : evicted
  const overCap = lost === undefined ? [] : [{ alert: lost.alert, source: lost.source }]
  if (decision !== 'hold') return { deliver: false, overCap }
  return {
    deliver: false,
    overCap,
    held: candidate,
    ...(evicted === undefined ? {} : { released: evicted }),
    isStripped: !fits,
  }
}
