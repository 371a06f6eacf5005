// The leader's look at the brokers' consumer groups, over and over: what nobody is in and nobody may keep goes.
import { type FastifyBaseLogger } from 'fastify'
import { HUB } from '../brokers/brokers.ts'
import { groupsToDelete, isPlacedOn } from '../subscribers/consumer-groups.ts'
import { type Platform } from '../platform.ts'
import { kafkaUsers } from '../subscribers/kafka-users.ts'

export interface IdleGroupCleaner {
  /** One round over all brokers. A broker that does not answer is left for the next one. */
  round(): Promise<void>
}

/** A cleaner for as long as this instance leads; since when groups have been empty it counts anew each time. */
export function newIdleGroupCleaner(
  { controlState, brokers, settings, nowMs }: Pick<Platform, 'controlState' | 'brokers' | 'settings' | 'nowMs'>,
  log: FastifyBaseLogger,
): IdleGroupCleaner {
  const emptySince = new Map<string, Map<string, number>>()

  const clean = async (broker: string): Promise<void> => {
    const groups = await brokers.groups(broker)
    const before = emptySince.get(broker)
    const since = new Map(
      groups.filter(({ isEmpty }) => isEmpty).map(({ id }) => [id, before?.get(id) ?? nowMs()] as const),
    )
    emptySince.set(broker, since)
    const users = kafkaUsers(controlState, settings).filter(user => user.broker === broker)
    const isFilterHere = (id: string): boolean => isPlacedOn(controlState.filter(id), broker, nowMs())
    const gone = groupsToDelete(groups, { users, isFilterHere }, since)
    if (gone.length === 0) return
    await brokers.dropGroups(broker, gone)
    log.info({ broker, groups: gone.length }, 'consumer groups that nobody is in were deleted')
  }

  return {
    async round() {
      for (const broker of [HUB, ...brokers.mirrors()])
        await clean(broker).catch((error: unknown) => log.warn({ broker, err: error }, 'groups were not looked at'))
    },
  }
}
