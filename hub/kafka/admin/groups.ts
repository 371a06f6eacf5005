// Consumer groups: which there are, who is in one, and taking away those that nobody is in.
import { type AdminCall } from './admin-call.ts'
import { isProtocolError } from '../client-errors.ts'

export interface GroupListing {
  readonly id: string
  /** Nobody is in it; it has positions at most. */
  readonly isEmpty: boolean
}

/** A member as the group knows it, and what the group gave it. */
interface MemberListing {
  readonly memberId: string
  /** What it wants others to know (`openGroupMember`'s `userData`). */
  readonly userData: string | undefined
  /** Its partitions by topic. */
  readonly assigned: ReadonlyMap<string, readonly number[]>
}

export interface GroupCalls {
  listGroups: () => Promise<GroupListing[]>
  /** Who is in a group. While its partitions are being handed out anew, nobody has any. */
  groupMembers: (id: string) => Promise<MemberListing[]>
  /** Takes groups away with their positions; one that somebody is in again, or that is gone, stays as it is. */
  deleteGroups: (ids: readonly string[]) => Promise<void>
}

/** Names have up to 32 KB, and one request carries them all. */
const AT_ONCE = 20

const ALL_STATES = [
  'Empty',
  'Stable',
  'PreparingRebalance',
  'CompletingRebalance',
  'Assigning',
  'Reconciling',
  'Dead',
] as const

export const groupCalls = (call: AdminCall): GroupCalls => ({
  listGroups: () =>
    call('Listing groups', async admin => {
      const groups = await admin.listGroups({ states: [...ALL_STATES] })
      return [...groups.values()].map(({ id, state }) => ({ id, isEmpty: state === 'Empty' || state === 'EMPTY' }))
    }),
  groupMembers: id =>
    call(`Looking up the members of group ${id}`, async admin => {
      const group = (await admin.describeGroups({ groups: [id] })).get(id)
      return [...(group?.members.values() ?? [])].map(({ id: memberId, metadata, assignments }) => ({
        memberId,
        userData: metadata?.metadata?.toString() || undefined,
        assigned: new Map([...(assignments ?? [])].map(([topic, { partitions }]) => [topic, partitions])),
      }))
    }),
  deleteGroups: async ids => {
    for (let from = 0; from < ids.length; from += AT_ONCE)
      await call('Deleting groups', admin =>
        admin.deleteGroups({ groups: ids.slice(from, from + AT_ONCE) }).catch((error: unknown) => {
          if (!isProtocolError(error, 'NON_EMPTY_GROUP', 'GROUP_ID_NOT_FOUND')) throw error
        }),
      )
  },
})
