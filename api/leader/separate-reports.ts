// Nodes of former versions report in one topic, which each may write under any name. Once a node reports in its own, it may write only that, and what is left
// under its name in the shared one goes.
import { type FastifyBaseLogger } from 'fastify'
import { type NodeRecord } from '../control/node-records.ts'
import { type Platform } from '../platform.ts'

type SeparatingPlatform = Pick<Platform, 'controlState' | 'reports' | 'writes' | 'nowMs'>

/** One round; rejects never. The users' rights follow their records, as the reconciler sees them next. */
export async function separateReports(platform: SeparatingPlatform, log: FastifyBaseLogger): Promise<void> {
  const { controlState, reports, writes, nowMs } = platform
  const isDue = ({ name, reportsAlone }: NodeRecord): boolean => reportsAlone !== true && reports.isOwn(name)
  try {
    if (controlState.nodes().some(isDue))
      await writes.change(async writer => {
        for (const record of controlState.nodes().filter(isDue))
          await writer.node({ ...record, reportsAlone: true, updatedAt: new Date(nowMs()).toISOString() })
      })
    if (reports.leftOver().length > 0) await writes.change(writer => writer.forgetReports(reports.leftOver()))
  } catch (error) {
    log.warn({ err: error }, 'reports of nodes stay in the topic they share; it comes again')
  }
}
