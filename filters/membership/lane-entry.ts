// How a loaded filter gets into a lane: the live one, between two of its batches; one of its own beside it; or, when it has read for itself and stands where the
// live lane does, from there into the live one. Each entry is committed with the lane's position.
import { type Stream } from '#hub'
import { type Lane } from '../lanes/lane.ts'
import { type RunningFilter, staysBeside } from '../lanes/running-filter.ts'
import { joinLive, liveLane } from '../progress/lane-transitions.ts'
import { aheadOf } from '../progress/positions.ts'
import { changesOnly, type CommitUnit } from '../publish/commit-unit.ts'
import { type MembershipOptions } from './membership-options.ts'

export class LaneEntry {
  readonly #options: Pick<MembershipOptions, 'shardState' | 'lanes' | 'onChange'>

  constructor(options: Pick<MembershipOptions, 'shardState' | 'lanes' | 'onChange'>) {
    this.#options = options
  }

  /** Puts a filter into the live lane, in the place of an older version or as one that starts now. */
  enterLive(runner: RunningFilter, stream: Stream): void {
    const { shardState, lanes } = this.#options
    const live = lanes().get(liveLane(stream.name))
    if (live === undefined) return
    this.#join(live, runner, () => {
      this.#beginNow(runner.id, stream)
      const record = shardState.filters.get(runner.id)
      if (record !== undefined) record.lane = live.name
      return changesOnly(shardState.filterChange(runner.id))
    })
  }

  /** Gives a filter that is in the live lane, or starts now, a lane of its own beside it. */
  openBeside(runner: RunningFilter, stream: Stream): void {
    const { lanes } = this.#options
    lanes().beside({ stream, runner, stays: true }, () => {
      this.#beginNow(runner.id, stream)
      lanes().get(liveLane(stream.name))?.dismiss(runner.id)
    })
  }

  /** A filter that had no lane: it evaluates what comes from this moment on, wherever the lane is that it joins. */
  #beginNow(id: string, stream: Stream): void {
    const { shardState, lanes } = this.#options
    const record = shardState.filters.get(id)
    if (record === undefined || record.lane !== undefined) return
    const live = liveLane(stream.name)
    const { positions } = shardState.lanes.get(live) ?? { positions: new Map<number, bigint>() }
    for (const [partition, end] of aheadOf(lanes().ends(live), positions)) record.ahead.set(partition, end)
  }

  /** Lets a filter into the live lane; when that is committed, it is live. */
  #join(live: Lane, runner: RunningFilter, enter: () => CommitUnit, isReady?: () => boolean): void {
    const { onChange } = this.#options
    live.join(runner, enter, isReady).then(
      () => onChange(runner.id),
      // The committer tells the shard itself.
      () => undefined,
    )
  }

  /** Lets a filter that reads for itself into the live lane once it stands there; one that has to stay beside it is left where it is. */
  joinWhenCaughtUp(runner: RunningFilter, stream: Stream): void {
    const { shardState, lanes, onChange } = this.#options
    const { id } = runner
    const record = shardState.filters.get(id)
    const live = lanes().get(liveLane(stream.name))
    onChange(id)
    if (live === undefined || record === undefined) return
    live.dismiss(id)
    if (staysBeside(runner.program, record)) return
    const enter = (): CommitUnit => {
      const changes = joinLive(shardState, id, stream.name)
      lanes().stop(id)
      return changesOnly(...changes)
    }
    this.#join(live, runner, enter, () => lanes().hasCaughtUp(id))
  }
}
