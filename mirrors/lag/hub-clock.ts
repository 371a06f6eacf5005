// The hub's clock as it arrives on a node: by how much everything from the hub may be late at this moment.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BrokerAccess,
  CLOCK_PARTITIONS,
  CLOCK_TOPIC,
  clockTime,
  HubError,
  type LogReader,
  openLogReader,
} from '#hub'
import { openSilence, type Silence } from './lateness.ts'

const WAIT_MS = 1000
const PAUSE_MS = 500
/** The newest record is among so many offsets before the end: MirrorMaker's transactions take some too. */
const LOOK_BACK = 32n

export interface HubClockOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  /** Called once for each time that it cannot be read. */
  readonly onProblem: (error: unknown) => void
}

export interface HubClock {
  /** Milliseconds; 0 where no hub's clock has ever arrived. */
  lateMs(nowMs: number): number
  close(): Promise<void>
}

/** Begins to follow; a broker or a topic that is away is waited for. */
export const openHubClock = ({ access, clientId, onProblem }: HubClockOptions): HubClock => {
  const stop = new AbortController()
  const { signal } = stop
  let isAway = false

  const follow = async (reader: LogReader, silence: Silence): Promise<void> => {
    let next: bigint | 'earliest' | undefined
    let isOld = true
    while (!signal.aborted)
      try {
        if (next === undefined) {
          const end = await reader.end()
          next = end > LOOK_BACK ? end - LOOK_BACK : 'earliest'
        }
        const page = await reader.read(next, WAIT_MS)
        const newest = page.records.at(-1)
        if (newest !== undefined) {
          silence.heard(clockTime(newest.value), Date.now(), isOld)
          isOld = false
        }
        next = page.next
        isAway = false
      } catch (error) {
        if (signal.aborted) return
        const isGone = error instanceof HubError && error.code === 'HUB_OFFSET_GONE'
        next = isGone ? 'earliest' : undefined
        if (isGone) continue
        if (!isAway) onProblem(error)
        isAway = true
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
      }
  }

  const partitions = Array.from({ length: CLOCK_PARTITIONS }, (_, partition) => {
    const reader = openLogReader(access, { clientId, topic: CLOCK_TOPIC, partition })
    const silence = openSilence()
    return { reader, silence, ended: follow(reader, silence) }
  })
  return {
    lateMs: nowMs => Math.max(...partitions.map(({ silence }) => silence.lateMs(nowMs))),
    close: async () => {
      stop.abort()
      await Promise.all(partitions.map(({ reader }) => reader.close()))
      await Promise.all(partitions.map(({ ended }) => ended))
    },
  }
}
