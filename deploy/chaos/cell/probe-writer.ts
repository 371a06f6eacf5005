// A writer of transactions on a cell while its machines are struck: how long it stands still.
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess, openAdmin, openProducer } from '#hub'

const TOPIC = 'chaos-probe'
const PARTITIONS = 3
const PAUSE_MS = 100

export interface ProbeWriter {
  /** The longest time between two commits since it was asked last, in milliseconds; one that is still going on counts. */
  longestMs: () => number
  close: () => Promise<void>
}

/** Writes to three partitions in each transaction, ten times a second. After a failure another producer goes on. */
export const openProbeWriter = async (access: BrokerAccess): Promise<ProbeWriter> => {
  const admin = openAdmin(access)
  await admin.createTopics([{ name: TOPIC, partitions: PARTITIONS, configs: { 'retention.ms': 600_000 } }])
  await admin.close()
  const stop = new AbortController()
  const state = { longestMs: 0, lastMs: performance.now() }
  const open = () => openProducer(access, { clientId: TOPIC, transactionalId: TOPIC })
  const write = async (producer: Awaited<ReturnType<typeof open>>): Promise<void> => {
    while (!stop.signal.aborted) {
      const transaction = await producer.begin()
      const value = String(Date.now())
      await transaction.send(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, value })))
      await transaction.commit()
      const nowMs = performance.now()
      state.longestMs = Math.max(state.longestMs, nowMs - state.lastMs)
      state.lastMs = nowMs
      await sleep(PAUSE_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const producer = await open().catch(() => undefined)
      await (producer === undefined ? sleep(PAUSE_MS) : write(producer).catch(() => undefined))
      await producer?.close().catch(() => undefined)
    }
  }
  const ended = run()
  return {
    longestMs: () => {
      const longestMs = Math.max(state.longestMs, performance.now() - state.lastMs)
      state.longestMs = 0
      return longestMs
    },
    close: async () => {
      stop.abort()
      await ended
    },
  }
}
