// The topics in which nodes report, one for each that has joined. They are made here, followed while the node's record is there, and left when it is being removed.
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess, type ControlLog, HubError, openAdmin, type TopicSpec } from '#hub'
import { statusTopicOf } from '#filters'
import { type OwnReports } from './believed-reports.ts'
import { type NodeRecord } from './node-records.ts'
import { type StatusValue } from './status-records.ts'

const SEGMENT_BYTES = 64 * 1024 ** 2
const MAX_MESSAGE_BYTES = 10_485_760
/** Between two tries to open a node's topic, of which the first failed. */
const PAUSE_MS = 2000

/** The topic of a node's reports as it shall be. */
export const statusTopicSpec = (node: string): TopicSpec => ({
  name: statusTopicOf(node),
  partitions: 1,
  configs: {
    'cleanup.policy': 'compact',
    'segment.bytes': SEGMENT_BYTES,
    'max.message.bytes': MAX_MESSAGE_BYTES,
  },
})

export interface NodeReportsOptions {
  readonly hub: BrokerAccess
  readonly open: (topic: string, signal: AbortSignal) => Promise<ControlLog<StatusValue>>
  readonly record: (node: string) => NodeRecord | undefined
  /** Told why a node's topic is not followed yet. */
  readonly onTrouble: (node: string, error: unknown) => void
}

export interface NodeReports extends OwnReports {
  /** Follows the node's topic, or leaves it, as its record says now. */
  refresh(node: string): void
  /** Resolves when each topic has been read to its end, or cannot be for another reason than a hub that is away: then it is tried on. */
  settled(): Promise<void>
  close(): Promise<void>
}

interface Followed {
  readonly leave: AbortController
  /** Resolves when it is known whether it can be read. */
  readonly settled: PromiseWithResolvers<void>
  log?: ControlLog<StatusValue>
}

/** Follows nothing before `refresh`. */
export function openNodeReports({ hub, open, record, onTrouble }: NodeReportsOptions): NodeReports {
  const followed = new Map<string, Followed>()
  const listeners = new Set<(key: string) => void>()
  const announce = (key: string): void => {
    for (const listener of listeners) listener(key)
  }
  const announceAll = (log: ControlLog<StatusValue>): void => {
    for (const [key] of log.entries()) announce(key)
  }

  const follow = async (node: string, one: Followed): Promise<void> => {
    const { signal } = one.leave
    while (!signal.aborted)
      try {
        await makeTopic(hub, node)
        const log = await open(statusTopicOf(node), signal)
        if (signal.aborted) return await log.close()
        one.log = log
        log.onChange(({ key }) => announce(key))
        announceAll(log)
        return
      } catch (error) {
        if (signal.aborted) return
        onTrouble(node, error)
        if (!(error instanceof HubError && error.code === 'HUB_UNREACHABLE')) one.settled.resolve()
        await sleep(PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined)
      }
  }

  const leave = (node: string): void => {
    const one = followed.get(node)
    if (one === undefined) return
    followed.delete(node)
    one.leave.abort()
    if (one.log === undefined) return
    void one.log.close()
    announceAll(one.log)
  }

  return {
    nodes: () => followed.keys(),
    of: node => followed.get(node)?.log,
    isRead: node => !followed.has(node) || followed.get(node)?.log !== undefined,
    onChange: listener => listeners.add(listener),
    refresh(node) {
      const state = record(node)?.state
      if (state === undefined || state === 'expected' || state === 'removing') return leave(node)
      if (followed.has(node)) return
      const one: Followed = { leave: new AbortController(), settled: Promise.withResolvers() }
      followed.set(node, one)
      void follow(node, one).finally(() => one.settled.resolve())
    },
    async settled() {
      await Promise.all([...followed.values()].map(one => one.settled.promise))
    },
    async close() {
      const all = [...followed.values()]
      followed.clear()
      for (const one of all) one.leave.abort()
      await Promise.all(all.map(async one => one.log?.close()))
    },
  }
}

/** As often as it is called. */
async function makeTopic(hub: BrokerAccess, node: string): Promise<void> {
  const admin = openAdmin(hub, `${hub.user}-reports`)
  try {
    await admin.createTopics([statusTopicSpec(node)])
  } finally {
    await admin.close().catch(() => undefined)
  }
}
