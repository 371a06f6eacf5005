// What the leader does for filters that move to another mirror: hand them over once their node has let go, and tidy up a day later.
import { type FastifyBaseLogger } from 'fastify'
import { type Handover, type Manifest, topicOfFilter } from '#filters'
import { type CredentialRecord } from '../control/account-records.ts'
import { type RecordWriter } from '../control/control-writes.ts'
import { type Platform } from '../platform.ts'
import { handedOver, pastHandover } from '../submissions/move-rules.ts'
import { applyUser } from '../subscribers/apply-users.ts'

/** One round over all filters. Whatever fails is logged and comes again with the next round. */
export async function advanceMoves(platform: Platform, log: FastifyBaseLogger): Promise<void> {
  for (const manifest of platform.controlState.filters()) {
    if (manifest.state === 'deleted') continue
    const over = pastHandover(manifest, platform.nowMs())
    if (manifest.moving === undefined && over === undefined) continue
    await (over === undefined ? handOver(platform, manifest.id) : forgetHandover(platform, manifest, over)).catch(
      (error: unknown) => log.warn({ filter: manifest.id, err: error }, 'moving failed; it comes again'),
    )
  }
}

const usersOf = ({ controlState }: Platform, { id }: Manifest): CredentialRecord[] =>
  controlState.credentials().filter(({ topic, state }) => topic === topicOfFilter(id) && state === 'active')

const handOver = (platform: Platform, id: string): Promise<void> =>
  placeElsewhere(platform, id, manifest => handedOver(manifest, platform.controlState.statusOf(id), platform.nowMs()))

/**
 * Writes a manifest with another placement, if there is one. Its users go ahead: who sees the new placement finds the filter's topic there with the
 * password he has. After a crash they go again, which changes nothing. Throws what `place` throws.
 */
export async function placeElsewhere(
  platform: Platform,
  id: string,
  place: (manifest: Manifest) => Manifest | undefined,
): Promise<void> {
  const { controlState, writes } = platform
  const next = (): Manifest | undefined => {
    const manifest = controlState.filter(id)
    return manifest && place(manifest)
  }
  const manifest = next()
  if (!manifest?.placement) return
  const { mirror } = manifest.placement
  const moveUsers = async (writer: RecordWriter): Promise<CredentialRecord[]> => {
    const users = usersOf(platform, manifest)
    for (const record of users) if (record.broker !== mirror) await writer.record({ ...record, broker: mirror })
    return users
  }
  const applyAll = async (users: readonly CredentialRecord[]): Promise<void> => {
    for (const { user } of users) await applyUser(platform, mirror, user)
  }
  await applyAll(await writes.change(moveUsers))
  // Users that were made meanwhile are still on the old one.
  const all = await writes.change(async writer => {
    const users = await moveUsers(writer)
    const now = next()
    if (now) await writer.manifest(now)
    return users
  })
  await applyAll(all)
}

/** The old node has finished, and the last subscribers have read there: users and the note of the move go. */
async function forgetHandover(platform: Platform, manifest: Manifest, { from }: Handover): Promise<void> {
  const { controlState, writes, brokers, nowMs } = platform
  for (const { user } of usersOf(platform, manifest)) await brokers.removeUser(from.mirror, user)
  await writes.change(async writer => {
    const now = controlState.filter(manifest.id)
    if (now === undefined || pastHandover(now, nowMs()) === undefined) return
    const { handover: _over, ...rest } = now
    await writer.manifest(rest)
  })
}
