// Who does what in a cell, and whether all of it is whole: asked before each strike.
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess, openAdmin } from '#hub'
import { NODE_TOPICS } from '#mirrors'
import { workerUser } from '#filters'

/** What a machine is to the others at a moment. */
export type Role = 'controller' | 'coordinator' | 'leader' | 'follower'

export interface CellWatch {
  /** Resolves when all three brokers have everything and all three workers are members. Throws when that takes longer. */
  whole: (signal: AbortSignal) => Promise<void>
  /** Of the machine with this broker: leads the quorum, coordinates the workers, leads partitions of alerts. */
  roles: (broker: number) => Promise<readonly Role[]>
  close: () => Promise<void>
}

const PAUSE_MS = 1000
const WHOLE_LIMIT_MS = 180_000
const BROKERS = 3

export const openCellWatch = (access: BrokerAccess, cell: string, alertTopic: string): CellWatch => {
  const admin = openAdmin(access, 'chaos-watch', 3)
  const group = `${workerUser(cell)}.shards`
  const whyNot = async (): Promise<string | undefined> => {
    for (const topic of [alertTopic, NODE_TOPICS.progress]) {
      const partitions = await admin.replicas(topic)
      if (partitions.some(({ inSync }) => inSync.length < BROKERS)) return `${topic} lacks replicas`
    }
    const workers = await admin.groupMembers(group)
    const assigned = workers.filter(one => one.assigned.size > 0)
    return assigned.length < BROKERS ? `${assigned.length} workers have shards` : undefined
  }
  return {
    whole: async signal => {
      const deadline = performance.now() + WHOLE_LIMIT_MS
      for (;;) {
        signal.throwIfAborted()
        const why = await whyNot().catch((error: unknown) => String(error))
        if (why === undefined) return
        if (performance.now() > deadline) throw new Error(`the cell is not whole: ${why}`)
        await sleep(PAUSE_MS, undefined, { signal })
      }
    },
    roles: async broker => {
      const [controller, coordinator, partitions] = [
        await admin.controller(),
        await admin.coordinator(group),
        await admin.replicas(alertTopic),
      ]
      const roles: Role[] = [
        ...(controller === broker ? (['controller'] as const) : []),
        ...(coordinator === broker ? (['coordinator'] as const) : []),
        ...(partitions.some(({ leader }) => leader === broker) ? (['leader'] as const) : []),
      ]
      return roles.length === 0 ? ['follower'] : roles
    },
    close: () => admin.close(),
  }
}
