// Consumer groups: which there are, and taking away those that nobody is in.
import { type AdminCall } from './admin-call.ts'
import { isProtocolError } from '../client-errors.ts'

export interface GroupListing {
  readonly id: string
  /** Nobody is in it; it has positions at most. */
  readonly isEmpty: boolean
}

export interface GroupCalls {
  listGroups: () => Promise<GroupListing[]>
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
  deleteGroups: async ids => {
    for (let from = 0; from < ids.length; from += AT_ONCE)
      await call('Deleting groups', admin =>
        admin.deleteGroups({ groups: ids.slice(from, from + AT_ONCE) }).catch((error: unknown) => {
          if (!isProtocolError(error, 'NON_EMPTY_GROUP', 'GROUP_ID_NOT_FOUND')) throw error
        }),
      )
  },
})
