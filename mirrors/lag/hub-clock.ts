// The hub's clock as it arrives on a node: by how much everything from the hub may be late at this moment.
import { type BrokerAccess, CLOCK_PARTITIONS, CLOCK_TOPIC, clockTime, openControlLog } from '#hub'
import { openSilence } from '../feed/lateness.ts'
import { openClockDifference } from './clock-difference.ts'

export interface HubClockOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  /** Called once for each time that it cannot be read. */
  readonly onProblem: (error: unknown) => void
}

export interface HubClock {
  /** Milliseconds; 0 where no hub's clock has ever arrived. */
  lateMs(nowMs: number): number
  /** By how much this machine's clock is ahead of the hub's, and at most some 100 ms more; less where it is behind. Undefined while that is not known. */
  aheadMs(nowMs: number): number | undefined
  close(): Promise<void>
}

/** Reads what has arrived, then follows; a broker that is away is waited for. Throws HubError where the node lacks the topic. */
export const openHubClock = async ({ access, clientId, onProblem }: HubClockOptions): Promise<HubClock> => {
  const difference = openClockDifference()
  const open = async (partition: number) => {
    const silence = openSilence()
    let isOld = true
    const { close } = await openControlLog({
      access,
      topic: CLOCK_TOPIC,
      partition,
      clientId,
      parse: clockTime,
      onChange: ({ value }) => {
        if (value === undefined) return
        const nowMs = Date.now()
        silence.heard(value, nowMs, isOld)
        if (!isOld) difference.heard(value, nowMs)
      },
      onProblem,
    })
    isOld = false
    return { silence, close }
  }
  const partitions = await Promise.all(Array.from({ length: CLOCK_PARTITIONS }, (_, partition) => open(partition)))
  return {
    aheadMs: nowMs => difference.aheadMs(nowMs),
    lateMs: nowMs => Math.max(...partitions.map(({ silence }) => silence.lateMs(nowMs))),
    close: async () => {
      await Promise.all(partitions.map(({ close }) => close()))
    },
  }
}
