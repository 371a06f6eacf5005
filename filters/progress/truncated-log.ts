// A topic does not have what a shard stands at: it was made anew, or lost its newest records. Every lane goes on from where it can, and what is lost is reported as a
// gap. No I/O; worker/truncation-check.ts asks the broker.
import { type Source } from '../cap/visit.ts'
import { type Change, visitKey } from './keys.ts'
import { liveLane } from './lane-transitions.ts'
import { type Positions } from './positions.ts'
import { type ShardState } from './shard-state.ts'

/** A stream's topic as it is now. */
export interface TopicNow {
  readonly topic: string
  readonly id: string
  /** Of the log, uncommitted records included. */
  readonly ends: Positions
}

/** A lane goes back from `from` to `to`: what the topic had from there on is not known any more. */
export interface Setback {
  readonly lane: string
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

/** Whether the stream's lanes stand in this topic. */
export const isMadeAnew = (shardState: ShardState, stream: string, { id }: TopicNow): boolean => {
  const known = shardState.lanes.get(liveLane(stream))?.topicId
  return known !== undefined && known !== id
}

/** Whether a lane of the stream stands behind the end of its topic. A leader that has just changed may not know its newest records for a moment. */
export const isAhead = (shardState: ShardState, stream: string, { ends }: TopicNow): boolean =>
  [...shardState.lanes.values()].some(
    lane => lane.stream === stream && [...lane.positions].some(([partition, at]) => at > (ends.get(partition) ?? 0n)),
  )

/**
 * Brings all lanes of a stream to where the topic can be read: in one made anew to its beginning, in one that lost records to its end. Candidates of `best`
 * whose packets are gone are counted as such: what lies at their offsets now is something else.
 */
export function setBack(
  shardState: ShardState,
  stream: string,
  now: TopicNow,
): { readonly setbacks: readonly Setback[]; readonly changes: ReadonlyMap<string, Change> } {
  const live = shardState.lanes.get(liveLane(stream))
  const changes = new Map<string, Change>()
  const setbacks: Setback[] = []
  if (live === undefined) return { setbacks, changes }
  const isNew = isMadeAnew(shardState, stream, now)
  /** The first offset that does not exist as it did. */
  const limit = (partition: number): bigint => (isNew ? 0n : (now.ends.get(partition) ?? 0n))
  live.topicId = now.id
  for (const [name, lane] of [...shardState.lanes].filter(([, lane]) => lane.stream === stream)) {
    for (const [partition, from] of lane.positions) {
      const to = limit(partition)
      if (from <= to) continue
      setbacks.push({ lane: name, partition, from, to })
      if (now.ends.has(partition)) lane.positions.set(partition, to)
      else lane.positions.delete(partition)
    }
    changes.set(...shardState.laneChange(name))
  }
  for (const [filter, { lane, ahead }] of shardState.filters) {
    if (shardState.lanes.get(lane ?? '')?.stream !== stream) continue
    const gone = [...ahead].filter(([partition, offset]) => offset > limit(partition))
    for (const [partition] of gone) ahead.delete(partition)
    if (gone.length > 0) changes.set(...shardState.filterChange(filter))
  }
  const isGone = ({ topic, partition, offset }: Source): boolean => topic === now.topic && offset >= limit(partition)
  for (const filter of shardState.holders)
    for (const [visit, state] of shardState.holding(filter)) {
      const held = state.held.filter(({ source }) => !isGone(source))
      if (held.length === state.held.length) continue
      for (const change of shardState.releaseChanges(
        filter,
        visit,
        state.held.filter(one => !held.includes(one)),
      ))
        changes.set(...change)
      state.gone += state.held.length - held.length
      state.held = held
      changes.set(visitKey(filter, visit), shardState.visitChange(state))
    }
  return { setbacks, changes }
}
