// How long a packet takes from the survey's sending it into the hub to a reader of a node.
import { type BrokerAccess } from '#hub'
import { openFeed } from '#mirrors'

export interface HopWatch {
  /** Ends the watch; seconds, packet by packet. */
  readonly end: () => Promise<readonly number[]>
}

/** Reads what comes from now on. Its reading costs the node's broker CPU: watch while nothing else is measured. */
export async function watchHop(access: BrokerAccess, topic: string): Promise<HopWatch> {
  const stop = new AbortController()
  const feed = await openFeed({ access, topic, clientId: 'bench', from: 'latest', signal: stop.signal })
  const seconds: number[] = []
  const reading = (async () => {
    for await (const item of feed) {
      if (item.kind === 'gap') continue
      const nowMs = Date.now()
      for (const { timestampMs } of item.packets) seconds.push((nowMs - timestampMs) / 1000)
      item.release()
    }
  })()
  return {
    end: async () => {
      stop.abort()
      await reading
      return seconds
    },
  }
}
