// The leader's look at the brokers' consumer groups, over and over: what nobody is in and nobody may keep goes.
import { type FastifyBaseLogger } from 'fastify'
import { groupsToDelete, isPlacedOn } from '../subscribers/consumer-groups.ts'
import { kafkaUsers } from '../subscribers/subscriber-acls.ts'
import { type Platform } from '../platform.ts'

export interface GroupReaper {
  /** One round over all brokers. A broker that does not answer is left for the next one. */
  round(): Promise<void>
}

/** A reaper for one term as leader. It forgets with the term since when groups have been empty. */
export function newGroupReaper(
  { books, brokers, settings, nowMs }: Pick<Platform, 'books' | 'brokers' | 'settings' | 'nowMs'>,
  names: readonly string[],
  log: FastifyBaseLogger,
): GroupReaper {
  const emptySince = new Map<string, Map<string, number>>()

  const reap = async (broker: string): Promise<void> => {
    const groups = await brokers.groups(broker)
    const before = emptySince.get(broker)
    const since = new Map(
      groups.filter(({ isEmpty }) => isEmpty).map(({ id }) => [id, before?.get(id) ?? nowMs()] as const),
    )
    emptySince.set(broker, since)
    const users = kafkaUsers(books, settings).filter(user => user.broker === broker)
    const isFilterHere = (id: string): boolean => isPlacedOn(books.filter(id), broker, nowMs())
    const gone = groupsToDelete(groups, { users, isFilterHere }, since)
    if (gone.length === 0) return
    await brokers.dropGroups(broker, gone)
    log.info({ broker, groups: gone.length }, 'consumer groups that nobody is in were deleted')
  }

  return {
    async round() {
      for (const broker of names)
        await reap(broker).catch((error: unknown) => log.warn({ broker, err: error }, 'groups were not looked at'))
    },
  }
}
