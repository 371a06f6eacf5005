// Positions: where partitions begin and end, and what groups have committed.
import { FetchIsolationLevels, ListOffsetTimestamps } from '@platformatic/kafka'
import { HubError } from '../../errors.ts'
import { type AdminCall } from './admin-call.ts'

/** Offsets by partition. */
export type Offsets = ReadonlyMap<number, bigint>

export type OffsetQuery = 'earliest' | 'latest' | { readonly timestampMs: number }

export interface OffsetCalls {
  /**
   * Of every partition of a topic: its first offset, its end, or the first record at or after a time (the end where there is none).
   * The end is where a read_committed reader stops, i.e. before an open transaction; `uncommitted` gives the end of the log.
   */
  offsets: (topic: string, at: OffsetQuery, isolation?: 'committed' | 'uncommitted') => Promise<Offsets>
  /** What a group has committed on a topic; partitions without a commit are left out. */
  groupOffsets: (group: string, topic: string) => Promise<Offsets>
  /** Commits in the name of a group that has no members, e.g. to show a lag to stock tools. */
  setGroupOffsets: (group: string, topic: string, offsets: Offsets) => Promise<void>
  deleteGroup: (group: string) => Promise<void>
  /** Takes a member out of a group that is known to be dead, instead of waiting for its session to end. */
  removeMember: (group: string, memberId: string) => Promise<void>
}

const timestampOf = (at: OffsetQuery): bigint => {
  if (at === 'earliest') return ListOffsetTimestamps.EARLIEST
  return at === 'latest' ? ListOffsetTimestamps.LATEST : BigInt(at.timestampMs)
}

export const offsetCalls = (call: AdminCall): OffsetCalls => {
  const list = (
    topic: string,
    timestamp: bigint,
    isolation: 'committed' | 'uncommitted',
  ): Promise<Map<number, bigint>> =>
    call(`Looking up offsets of ${topic}`, async admin => {
      const metadata = await admin.metadata({ topics: [topic] })
      const count = metadata.topics.get(topic)?.partitionsCount
      if (count === undefined) throw new HubError('HUB_TOPIC_UNKNOWN', `Topic ${topic} does not exist`)
      const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp }))
      const isolationLevel =
        isolation === 'committed' ? FetchIsolationLevels.READ_COMMITTED : FetchIsolationLevels.READ_UNCOMMITTED
      const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions }], isolationLevel })
      return new Map((listed?.partitions ?? []).map(({ partitionIndex, offset }) => [partitionIndex, offset]))
    })
  return {
    offsets: async (topic, at, isolation = 'committed') => {
      const found = await list(topic, timestampOf(at), isolation)
      if ([...found.values()].every(offset => offset >= 0n)) return found
      const ends = await list(topic, ListOffsetTimestamps.LATEST, isolation)
      return new Map([...found].map(([partition, offset]) => [partition, offset < 0n ? ends.get(partition)! : offset]))
    },
    groupOffsets: (group, topic) =>
      call(`Looking up what group ${group} has committed`, async admin => {
        const [found] = await admin.listConsumerGroupOffsets({ groups: [group] })
        const partitions = found?.topics.find(({ name }) => name === topic)?.partitions ?? []
        const committed = partitions.filter(({ committedOffset }) => committedOffset >= 0n)
        return new Map(committed.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]))
      }),
    setGroupOffsets: (group, topic, offsets) =>
      call(`Committing offsets of group ${group}`, admin =>
        admin.alterConsumerGroupOffsets({
          groupId: group,
          topics: [
            { name: topic, partitionOffsets: [...offsets].map(([partition, offset]) => ({ partition, offset })) },
          ],
        }),
      ),
    removeMember: (group, memberId) =>
      call(`Removing a member of group ${group}`, admin =>
        admin.removeMembersFromConsumerGroup({ groupId: group, members: [{ memberId }] }),
      ),
    deleteGroup: group => call(`Deleting group ${group}`, admin => admin.deleteGroups({ groups: [group] })),
  }
}
