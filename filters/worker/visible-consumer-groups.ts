// Positions of filters as offsets of consumer groups `filter.<id>`, so that stock tools show their lag. Nothing is ever read back from them.
import { type ClusterAdmin } from '#hub'
import { type Logger } from 'pino'
import { topicOfFilter } from '../manifest.ts'
import { type LiveShard } from './incarnation.ts'

const INTERVAL_MS = 5000

/** Publishes each filter's position every few seconds, outside transactions. A failure is logged and the next round tries again. */
export function publishConsumerGroups(
  admin: ClusterAdmin,
  shards: () => Iterable<LiveShard>,
  log: Logger,
): { close(): Promise<void> } {
  const published = new Map<string, string>()
  let isClosed = false
  let round: Promise<void> = Promise.resolve()

  const publish = async (): Promise<void> => {
    for (const { lanes } of shards())
      for (const { lane } of lanes.all())
        for (const { id } of lane.runners) {
          if (isClosed) return
          const positions = new Map(lane.positions)
          const text = [...positions].join(' ')
          if (positions.size === 0 || published.get(id) === text) continue
          await admin.setGroupOffsets(topicOfFilter(id), lane.topic, positions)
          published.set(id, text)
        }
  }
  const timer = setInterval(() => {
    round = round
      .then(publish)
      .catch((error: unknown) => log.warn({ err: error }, 'visible positions were not published'))
  }, INTERVAL_MS)
  return {
    close: async () => {
      isClosed = true
      clearInterval(timer)
      await round
    },
  }
}
