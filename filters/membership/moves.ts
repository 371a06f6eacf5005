// Filters of a shard that move between mirrors: where they are let go here, how those that rest arrive, and whose visits are over here after they have gone.
import { type Manifest } from '../manifest.ts'
import { type RunningFilter } from '../lanes/running-filter.ts'
import { type Cut } from '../progress/records.ts'
import { isSuspended } from '../progress/strikes-and-suspension.ts'
import { changesOnly } from '../publish/commit-unit.ts'
import { recordFor, startOf } from './desired-filters.ts'
import { type MembershipOptions } from './membership-options.ts'
import { arrivalOf, cutOf, cutUnbegun, isOverHere, isToBeCut, shareOf } from './mirror-handover.ts'
import { isAt } from './place.ts'

type MovesOptions = Pick<MembershipOptions, 'shardState' | 'place' | 'committer' | 'manifestOf' | 'lanes' | 'onChange'>

export class Moves {
  readonly #options: MovesOptions
  readonly #cuts = new Map<string, Cut>()

  constructor(options: MovesOptions) {
    this.#options = options
  }

  /** Where this node's share of a moving filter ends, once that is committed. */
  cut(filter: string): Cut | undefined {
    return this.#cuts.get(filter)
  }

  /** For a filter that is to move to another mirror, whether it runs or not: fixes, once, which alerts are still evaluated here. */
  async letGo(manifest: Manifest, runner: RunningFilter | undefined): Promise<void> {
    const { shardState, place, committer, onChange } = this.#options
    const { id, moving, placement } = manifest
    if (moving === undefined || !isAt(place, placement)) return
    const known = shardState.filters.get(id)
    const record = known ?? recordFor(manifest, undefined)
    if (isToBeCut(manifest, record, place)) {
      const nowMs = Date.now()
      record.cut =
        known === undefined ? cutUnbegun(startOf(manifest), moving, nowMs) : cutOf(shardState, id, moving, nowMs)
      shardState.filters.set(id, record)
      if (runner !== undefined) runner.share = shareOf(manifest, record, place)
      await committer.commitNow([changesOnly(shardState.filterChange(id))])
    }
    // Only what is committed is reported: the other node begins by it.
    if (record.cut !== undefined) this.#cuts.set(id, record.cut)
    onChange(id)
  }

  /**
   * Notes that a filter has come from another mirror though it rests: when it is resumed it begins with what comes then, as it would have there. Says whether
   * there was something to note; committing it is the caller's.
   */
  arriveResting(manifest: Manifest): boolean {
    const { shardState, place } = this.#options
    const known = shardState.filters.get(manifest.id)
    const arrival = arrivalOf(manifest, known, place)
    if (arrival === undefined) return false
    const suspension = isSuspended(arrival.suspension, manifest.generation) ? arrival.suspension : known?.suspension
    shardState.filters.set(manifest.id, { ...recordFor(manifest, known), suspension, arrived: arrival.at })
    return true
  }

  /** Filters that have gone to another mirror and whose visits are over here, each with the move it went by. */
  overHere(nowMs: number): { readonly filter: string; readonly at: string }[] {
    const { shardState, manifestOf, place, lanes } = this.#options
    return [...shardState.filters.keys()].flatMap(filter => {
      const { handover, stream = '' } = manifestOf(filter) ?? {}
      if (handover === undefined || !isAt(place, handover.from) || Date.parse(handover.until) <= nowMs) return []
      const evaluatedMs = lanes().evaluatedMs(filter, stream)
      const isOver = evaluatedMs !== undefined && isOverHere(shardState, filter, handover, evaluatedMs)
      return isOver ? { filter, at: handover.at } : []
    })
  }
}
