// What this worker knows of alerts that had left the hub before they were copied to its node: counted, and said once in its log.
import { type MirrorGap } from '#mirrors'
import { type Logger } from 'pino'
import { type FilterMetrics } from '../metrics.ts'

export interface MirrorGaps {
  note(gap: MirrorGap): void
  all(): Iterable<MirrorGap>
}

const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString())

/** Of a topic that was made anew nobody knows how many there were: such a range counts as none. */
const lengthOf = ({ from, to }: MirrorGap): bigint => (to > from ? to - from : 0n)

export const openMirrorGaps = (metrics: Pick<FilterMetrics, 'mirrorGap'>, log: Logger): MirrorGaps => {
  const gaps = new Map<string, MirrorGap>()
  return {
    note: gap => {
      const { topic, partition, from, to, atMs, sinceMs, untilMs } = gap
      gaps.set(`${topic}/${partition}/${from}`, gap)
      const ofTopic = [...gaps.values()].filter(one => one.topic === topic)
      metrics.mirrorGap(
        topic,
        ofTopic.reduce((sum, one) => sum + lengthOf(one), 0n),
      )
      log.error(
        {
          topic,
          partition,
          from: String(from),
          to: String(to),
          alerts: String(lengthOf(gap)),
          at: iso(atMs),
          since: iso(sinceMs),
          until: iso(untilMs),
        },
        'alerts had left the hub before they were copied to this node',
      )
    },
    all: () => gaps.values(),
  }
}
