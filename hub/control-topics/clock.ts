// The hub's clock: a record every two seconds, which MirrorMaker copies as it copies alerts. A node that has it knows that whatever was sent before is there or on
// its last steps; a node that no longer gets it is cut off, which silence of the alert topics alone does not tell.
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { type TopicSpec } from '../kafka/admin/topics.ts'
import { openProducer } from '../kafka/produce/producer.ts'

export const CLOCK_TOPIC = 'skysieve.clock'
/** As many as MirrorMaker has tasks by default, which take partitions in turn: one task may stand still while the other copies. */
export const CLOCK_PARTITIONS = 2
const HOUR_MS = 3_600_000
/** On the hub and on every node: the newest record counts, the others are deleted by the hour. */
export const clockTopic: TopicSpec = {
  name: CLOCK_TOPIC,
  partitions: CLOCK_PARTITIONS,
  configs: {
    'cleanup.policy': 'delete',
    'retention.ms': HOUR_MS,
    'retention.bytes': 16 * 1024 * 1024,
    'segment.ms': HOUR_MS / 6,
  },
}
const KEY = 'hub'
/** Each tick is a transaction of each of a node's MirrorMaker tasks: at one a second, most of what a node does that has nothing to do. */
const TICK_MS = 2000

export interface ClockOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  /** Called once for each time that it cannot be written. */
  readonly onProblem: (error: unknown) => void
}

export interface RunningClock {
  /** Why the newest time could not be written; undefined while it can. */
  problem(): string | undefined
  close(): Promise<void>
}

/** What a record says: milliseconds since 1970, at the hub. Throws RangeError for anything else. */
export const clockTime = (value: Buffer): number => {
  const timeMs = Date.parse(value.toString())
  if (Number.isNaN(timeMs)) throw new RangeError(`not a time: ${value.toString().slice(0, 40)}`)
  return timeMs
}

/** Writes the time into every partition every two seconds until it is closed; a broker that is away is waited for. */
export const startClock = async ({ access, clientId, onProblem }: ClockOptions): Promise<RunningClock> => {
  const producer = await openProducer(access, { clientId })
  const stop = new AbortController()
  const { signal } = stop
  let problem: string | undefined
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const value = new Date().toISOString()
      try {
        await producer.send(
          Array.from({ length: CLOCK_PARTITIONS }, (_, partition) => ({
            topic: CLOCK_TOPIC,
            partition,
            key: KEY,
            value,
          })),
        )
        problem = undefined
      } catch (error) {
        if (problem === undefined && !signal.aborted) onProblem(error)
        problem = error instanceof Error ? error.message : String(error)
      }
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    problem: () => problem,
    close: async () => {
      stop.abort()
      await producer.close()
      await running
    },
  }
}
