// In: ranges of offsets that MirrorMaker lost. Out: records of skysieve.mirror-gaps on the node, so that they are known there with or without the hub, and after
// any restart.
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess, type Grant, openProducer } from '#hub'
import { type LostRange } from '../mirror-maker/lost-range.ts'
import { NODE_TOPICS } from '../node/node-topics.ts'
import { encodeGap, gapKey, type MirrorGap } from './gap-record.ts'
import { timesOfGap } from './gap-times.ts'

const PAUSE_MS = 1000

export interface GapRecorderOptions {
  /** The hub and the node, as users that may read alerts there; on the node one that may write the topic of gaps. */
  readonly hub: BrokerAccess
  readonly node: BrokerAccess
  readonly clientId: string
  /** Ends the attempts to write. */
  readonly signal: AbortSignal
}

/** What a user needs to record gaps of these topics, on the hub and on the node: their neighbours' times are read on either side. */
export const gapRecorderAcls = (user: string, topics: readonly string[]) => {
  const reads = topics.map((name): Grant => ({ user, resource: 'topic', name, operations: ['read'] }))
  const writes: Grant = { user, resource: 'topic', name: NODE_TOPICS.mirrorGaps, operations: ['write'] }
  return { hub: reads, node: [...reads, writes] }
}

export interface GapRecorder {
  /** Records a range, in turn; a broker that is away is waited for. What is recorded already may be noted again. */
  note(lost: LostRange): void
}

/** Connects to nothing until there is something to record. */
export const openGapRecorder = (options: GapRecorderOptions): GapRecorder => {
  const { signal } = options
  let turn: Promise<void> = Promise.resolve()
  const persist = async (lost: LostRange, atMs: number): Promise<void> => {
    while (!signal.aborted)
      try {
        // Times are a help; the range is what counts.
        return await write(options, { ...lost, atMs, ...(await timesOfGap(options, lost).catch(() => ({}))) })
      } catch {
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
      }
  }
  return {
    note: lost => {
      const atMs = Date.now()
      turn = turn.then(() => persist(lost, atMs))
    },
  }
}

const write = async ({ node, clientId }: GapRecorderOptions, gap: MirrorGap): Promise<void> => {
  const producer = await openProducer(node, { clientId })
  try {
    await producer.send([{ topic: NODE_TOPICS.mirrorGaps, partition: 0, key: gapKey(gap), value: encodeGap(gap) }])
  } finally {
    await producer.close()
  }
}
