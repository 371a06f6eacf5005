// What the leader does over and over from the control topics alone: queue what Redis lost, finish what a crash left half done.
import { type FastifyBaseLogger } from 'fastify'
import { topicOfFilter } from '#filters'
import { type CredentialRecord } from '../accounts/records.ts'
import { removeCredential } from '../brokers/credentials.ts'
import { type Platform } from '../platform.ts'

/** A node that has let go of a filter takes its status away; the tombstone waits at least this long for a first report. */
const FORGET_AFTER_MS = 60_000

const placeOf = ({ user, broker }: CredentialRecord): string => `${user}@${broker}`

export interface Reconciler {
  /** One round. Whatever fails is logged and comes again with the next round. */
  round(): Promise<void>
}

/** A reconciler for one term as leader: its first round also makes sure that every Kafka user exists. */
export function newReconciler(platform: Platform, log: FastifyBaseLogger): Reconciler {
  const { books, jobs, writes, brokers, nowMs } = platform
  const granted = new Set<string>()

  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) => log.warn({ what, err: error }, 'reconciling failed; it comes again'))
  }
  const isOrphan = ({ topic }: CredentialRecord): boolean => {
    if (!topic.startsWith(topicOfFilter(''))) return false
    const manifest = books.filter(topic.slice(topicOfFilter('').length))
    return manifest === undefined || manifest.state === 'deleted'
  }

  return {
    async round() {
      for (const manifest of books.filters()) {
        if (manifest.state === 'submitted') await attempt('queue', () => jobs.enqueue(manifest.id))
        if (manifest.state !== 'deleted') continue
        const isHeld = books.statusOf(manifest.id) !== undefined
        const isDue = manifest.placement === null || nowMs() - Date.parse(manifest.updatedAt) > FORGET_AFTER_MS
        if (!isHeld && isDue) await attempt('forget', () => writes.change(pen => pen.forgetManifest(manifest.id)))
      }
      for (const record of books.credentials()) {
        if (record.state === 'deleting' || isOrphan(record)) {
          await attempt('remove user', () => removeCredential(platform, record))
        } else if (!granted.has(placeOf(record))) {
          await attempt('make user', () => brokers.grant(record).then(() => void granted.add(placeOf(record))))
        }
      }
    },
  }
}
