// What the leader does for filters that move to another mirror: hand them over once their node has let go, end what that keeps when it is over, and tidy up
// when nobody reads there any more.
import { type FastifyBaseLogger } from 'fastify'
import { type FormerPlace, type Manifest, topicOfFilter } from '#filters'
import { type CredentialRecord } from '../control/account-records.ts'
import { type RecordWriter } from '../control/control-writes.ts'
import { type Platform } from '../platform.ts'
import { endedEarly, handedOver, moveTimes, pastHandover, pastPlaces } from '../submissions/move-rules.ts'
import { applyUser } from '../subscribers/apply-users.ts'

/** One round over all filters. Whatever fails is logged and comes again with the next round. */
export async function advanceMoves(platform: Platform, log: FastifyBaseLogger): Promise<void> {
  const { controlState, brokers, nowMs } = platform
  const isServed = (mirror: string): boolean => brokers.address(mirror) !== undefined
  const attempt = (filter: string, work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => log.warn({ filter, err: error }, 'moving failed; it comes again'))
  for (const manifest of controlState.filters()) {
    const { id, state, moving, handover, formerly } = manifest
    if (state === 'deleted' || (moving ?? handover ?? formerly) === undefined) continue
    if (moving !== undefined) await attempt(id, handOver(platform, id))
    if (handover !== undefined) await attempt(id, advanceHandover(platform, id))
    for (const place of pastPlaces(manifest, isServed, nowMs()))
      await attempt(id, leavePlace(platform, manifest, place, isServed(place.mirror)))
  }
}

const usersOf = ({ controlState }: Platform, { id }: Manifest): CredentialRecord[] =>
  controlState.credentials().filter(({ topic, state }) => topic === topicOfFilter(id) && state === 'active')

const handOver = (platform: Platform, id: string): Promise<void> =>
  placeElsewhere(platform, id, manifest =>
    handedOver(manifest, platform.controlState.statusOf(id), moveTimes(platform.settings.moves), platform.nowMs()),
  )

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

/** What the old node had kept is over sooner than was said, or the move is so long ago that nothing needs to know of it. */
async function advanceHandover(platform: Platform, id: string): Promise<void> {
  const { controlState, writes, settings, nowMs } = platform
  const next = (): Manifest | undefined => {
    const manifest = controlState.filter(id)
    if (manifest === undefined) return undefined
    const { handover: _over, ...rest } = manifest
    if (pastHandover(manifest, nowMs()) !== undefined) return rest
    return endedEarly(manifest, controlState.shards(), moveTimes(settings.moves), nowMs())
  }
  if (next() === undefined) return
  await writes.change(async writer => {
    const now = next()
    if (now !== undefined) await writer.manifest(now)
  })
}

/** Its topic there is empty by now, or the mirror is gone: its users go, and the note of it. */
async function leavePlace(
  platform: Platform,
  manifest: Manifest,
  place: FormerPlace,
  isServed: boolean,
): Promise<void> {
  const { controlState, writes, brokers } = platform
  if (isServed) for (const { user } of usersOf(platform, manifest)) await brokers.removeUser(place.mirror, user)
  await writes.change(async writer => {
    const now = controlState.filter(manifest.id)
    const left = now?.formerly?.filter(({ mirror, until }) => mirror !== place.mirror || until !== place.until)
    if (now !== undefined && left?.length !== now.formerly?.length) {
      const { formerly: _all, ...rest } = now
      await writer.manifest(left === undefined || left.length === 0 ? rest : { ...rest, formerly: left })
    }
  })
}
