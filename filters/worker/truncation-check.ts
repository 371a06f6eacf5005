// At the beginning of an incarnation: does each stream's topic still have what the shard stands at? What it lost is reported as a gap, and the shard goes on.
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClusterAdmin, type Stream } from '#hub'
import { type ShardState } from '../progress/shard-state.ts'
import { isAhead, isMadeAnew, setBack, type Setback, type TopicNow } from '../progress/truncated-log.ts'
import { changesOnly } from '../publish/commit-unit.ts'
import { type Committer } from '../publish/committer.ts'

/** As long as the feed waits for a leader that has just changed. */
const AHEAD_LIMIT_MS = 5000
const POLL_MS = 250

/** Looks a topic up; undefined where there is none, which its reader then says. */
export type FindTopic = (topic: string) => Promise<TopicNow | undefined>

export const findTopicOf =
  (admin: ClusterAdmin): FindTopic =>
  async topic => {
    const id = await admin.topicId(topic)
    return id === undefined ? undefined : { topic, id, ends: await admin.offsets(topic, 'latest', 'uncommitted') }
  }

export interface CheckOptions {
  readonly shardState: ShardState
  readonly committer: Committer
  readonly find: FindTopic
  readonly signal: AbortSignal
  readonly onSetback: (topic: string, setback: Setback) => void
}

/** Commits where the lanes go on if they have to, and gives the topics' identities by stream. */
export async function checkTruncation(
  streams: readonly Stream[],
  { shardState, committer, find, signal, onSetback }: CheckOptions,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>()
  for (const { name, topic } of streams) {
    let now = await find(topic)
    const limitMs = performance.now() + AHEAD_LIMIT_MS
    while (now !== undefined && !isMadeAnew(shardState, name, now) && isAhead(shardState, name, now)) {
      if (performance.now() > limitMs) break
      await sleep(POLL_MS, undefined, { signal })
      now = await find(topic)
    }
    if (now === undefined) continue
    ids.set(name, now.id)
    const { setbacks, changes } = setBack(shardState, name, now)
    if (setbacks.length > 0) await committer.commitNow([changesOnly(...changes)])
    for (const setback of setbacks) onSetback(topic, setback)
  }
  return ids
}
