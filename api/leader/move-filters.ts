// What the leader does for filters that move to another mirror: hand them over once their node has let go, and tidy up a day later.
import { type FastifyBaseLogger } from 'fastify'
import { type Handover, type Manifest, topicOfFilter } from '#filters'
import { type CredentialRecord } from '../control/account-records.ts'
import { settleUser } from '../subscribers/credentials.ts'
import { type Platform } from '../platform.ts'
import { handedOver, pastHandover } from '../submissions/move-rules.ts'

/** One round over all filters. Whatever fails is logged and comes again with the next round. */
export async function attendMoves(platform: Platform, log: FastifyBaseLogger): Promise<void> {
  for (const manifest of platform.books.filters()) {
    if (manifest.state === 'deleted') continue
    const over = pastHandover(manifest, platform.nowMs())
    if (manifest.moving === undefined && over === undefined) continue
    await (over === undefined ? handOver(platform, manifest.id) : settle(platform, manifest, over)).catch(
      (error: unknown) => log.warn({ filter: manifest.id, err: error }, 'moving failed; it comes again'),
    )
  }
}

const usersOf = ({ books }: Platform, { id }: Manifest): CredentialRecord[] =>
  books.credentials().filter(({ topic, state }) => topic === topicOfFilter(id) && state === 'active')

const handOver = (platform: Platform, id: string): Promise<void> =>
  placeElsewhere(platform, id, manifest => handedOver(manifest, platform.books.statusOf(id), platform.nowMs()))

/**
 * Writes a manifest with another placement, if there is one. Its users go ahead: who sees the new placement finds the filter's topic there with the
 * password he has. After a crash they go again, which changes nothing. Throws what `place` throws.
 */
export async function placeElsewhere(
  platform: Platform,
  id: string,
  place: (manifest: Manifest) => Manifest | undefined,
): Promise<void> {
  const { books, writes } = platform
  const next = (): Manifest | undefined => {
    const manifest = books.filter(id)
    return manifest && place(manifest)
  }
  const manifest = next()
  if (!manifest?.placement) return
  const { mirror } = manifest.placement
  const follow = async (isPlaced: boolean): Promise<void> => {
    const users = await writes.change(async pen => {
      const all = usersOf(platform, manifest)
      for (const record of all) if (record.broker !== mirror) await pen.record({ ...record, broker: mirror })
      const now = isPlaced ? next() : undefined
      if (now) await pen.manifest(now)
      return all
    })
    for (const { user } of users) await settleUser(platform, mirror, user)
  }
  await follow(false)
  // Those that were made meanwhile are still on the old one.
  await follow(true)
}

async function settle(platform: Platform, manifest: Manifest, { from }: Handover): Promise<void> {
  const { books, writes, brokers, nowMs } = platform
  for (const { user } of usersOf(platform, manifest)) await brokers.remove(from.mirror, user)
  await writes.change(async pen => {
    const now = books.filter(manifest.id)
    if (now === undefined || pastHandover(now, nowMs()) === undefined) return
    const { handover: _over, ...rest } = now
    await pen.manifest(rest)
  })
}
