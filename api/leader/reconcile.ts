// What the leader does over and over from the control topics alone: queue what Redis lost, finish what a crash left half done.
import { type FastifyBaseLogger } from 'fastify'
import { topicOfFilter } from '#filters'
import { type CredentialRecord } from '../control/account-records.ts'
import { isOver } from '../accounts/expiry.ts'
import { finishAccountDeletion } from './delete-account.ts'
import { removeCredential } from '../subscribers/credentials.ts'
import { finishTopic, removeTopic } from '../subscribers/hub-topics.ts'
import { removeLogin } from '../subscribers/logins.ts'
import { type KafkaUser } from '../brokers/brokers.ts'
import { type Platform } from '../platform.ts'
import { extractSources } from './extract-sources.ts'
import { namedSources } from '../submissions/stored-sources.ts'
import { applyUser, shareQuota } from '../subscribers/apply-users.ts'
import { kafkaUsers } from '../subscribers/kafka-users.ts'
import { applyNodeUser, nodeHubUsers } from '../nodes/hub-users.ts'
import { finishNodeRemoval, leavingNodes } from './remove-node.ts'

/** A node that has let go of a filter takes its status away; the tombstone waits at least this long for a first report. */
const FORGET_AFTER_MS = 60_000

export interface Reconciler {
  /** One round. Whatever fails is logged and comes again with the next round. */
  round(): Promise<void>
}

/** A reconciler for as long as this instance leads, which ends with the signal: its first round also makes sure that every Kafka user exists. */
export function newReconciler(platform: Platform, log: FastifyBaseLogger, signal: AbortSignal): Reconciler {
  const { controlState, jobs, writes, settings, brokers, joining, nowMs } = platform
  /** Broker and user → what was applied: a change that failed half-way differs from it. */
  const applied = new Map<string, string>()
  /** Account and broker → how its users share its quota. */
  const shared = new Map<string, string>()
  /** Versions whose sources stay in their manifests. */
  const staying = new Set<string>()

  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return
    await work().catch((error: unknown) => log.warn({ what, err: error }, 'reconciling failed; it comes again'))
  }
  const make = async ({ quota: _quota, ...user }: KafkaUser, apply: () => Promise<void>): Promise<void> => {
    const place = `${user.user}@${user.broker}`
    const wanted = JSON.stringify(user)
    if (applied.get(place) !== wanted)
      await attempt('make user', () => apply().then(() => void applied.set(place, wanted)))
  }
  const isOrphan = ({ topic }: CredentialRecord): boolean => {
    if (!topic.startsWith(topicOfFilter(''))) return false
    const manifest = controlState.filter(topic.slice(topicOfFilter('').length))
    return manifest === undefined || manifest.state === 'deleted'
  }

  return {
    async round() {
      for (const manifest of controlState.filters()) {
        if (manifest.state === 'submitted') await attempt('queue', () => jobs.enqueue(manifest.id))
        if (manifest.state !== 'deleted') continue
        // Where its users are, the manifest says.
        const isRead = controlState.credentials().some(({ topic }) => topic === topicOfFilter(manifest.id))
        const isHeld = isRead || controlState.statusOf(manifest.id) !== undefined
        const isDue = manifest.placement === null || nowMs() - Date.parse(manifest.updatedAt) > FORGET_AFTER_MS
        if (!isHeld && isDue) await attempt('forget', () => writes.change(writer => writer.forgetManifest(manifest.id)))
      }
      for (const { id, versions } of controlState.filters())
        if (versions.some(({ source, number }) => source !== undefined && !staying.has(`${id}/${number}`)))
          await attempt('move sources', () => extractSources(platform, id, staying))
      await attempt('forget sources', () => forgetSources(platform))
      for (const record of controlState.topics()) {
        if (record.state === 'making') await attempt('make topic', () => finishTopic(platform, record))
        if (record.state === 'deleting') await attempt('delete topic', () => removeTopic(platform, record))
      }
      for (const account of controlState.accounts())
        if (account.state === 'leaving') await attempt('delete account', () => finishAccountDeletion(platform, account))
      for (const record of controlState.logins())
        if (record.state === 'deleting' || isOver(record.expiresAt, nowMs()))
          await attempt('remove user', () => removeLogin(platform, record))
      for (const record of controlState.credentials())
        if (record.state === 'deleting' || isOrphan(record) || isOver(record.expiresAt, nowMs()))
          await attempt('remove user', () => removeCredential(platform, record))
      for (const { name } of leavingNodes(platform))
        await attempt('remove node', () => finishNodeRemoval(platform, name))
      // Of nodes that only some report names there is no broker.
      const users = kafkaUsers(controlState, settings).filter(({ broker }) => brokers.address(broker) !== undefined)
      for (const user of users) await make(user, () => applyUser(platform, user.broker, user.user))
      for (const user of nodeHubUsers(controlState.nodes(), joining))
        await make(user, () => applyNodeUser(platform, user.user))
      // One more user changes the share of all others of its account, and nothing else of them.
      for (const [place, sharing] of Map.groupBy(users, ({ account, broker }) => `${account}@${broker}`)) {
        const [{ account, broker } = { account: '', broker: '' }] = sharing
        const wanted = JSON.stringify(sharing.map(({ user, quota }) => [user, quota]))
        if (shared.get(place) === wanted) continue
        await attempt('share quota', () =>
          shareQuota(platform, account, broker).then(() => void shared.set(place, wanted)),
        )
      }
    },
  }
}

/** Deletes what no manifest names any more. What is written meanwhile waits for it, so nothing is deleted that is about to be named. */
async function forgetSources({ controlState, sources, writes }: Platform): Promise<void> {
  const unnamed = (): string[] => {
    const named = namedSources(controlState.filters())
    return [...sources.keys()].filter(key => !named.has(key))
  }
  if (unnamed().length === 0) return
  await writes.change(async writer => {
    const keys = unnamed()
    if (keys.length > 0) await writer.forgetSources(keys)
  })
}
