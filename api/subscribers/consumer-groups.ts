// Which consumer groups are whose, and which of them go. Kafka bounds neither their number nor their names, and a broker keeps each in its heap. Pure.
import { type GroupListing } from '#hub'
import { type Manifest, topicOfFilter } from '#filters'

/** Groups without a member that an account keeps on a broker; beyond it those go that have been empty for the longest. */
export const MAX_EMPTY_GROUPS = 50
/** As long as a topic's name. */
const MAX_NAME_CHARS = 249

/** The names a user's groups begin with. */
export const groupPrefixes = (user: string, hasDash: boolean): string[] =>
  hasDash ? [`${user}.`, `${user}-`] : [`${user}.`]

interface Owner {
  readonly user: string
  readonly account: string
}

export interface GroupOwners {
  /** Kafka users of this broker. */
  readonly users: readonly Owner[]
  /** Whether the filter runs on this broker, or still finishes what it began there. */
  isFilterHere(id: string): boolean
}

/** Whether a manifest's visible group belongs on a broker. */
export const isPlacedOn = (manifest: Manifest | undefined, mirror: string, nowMs: number): boolean => {
  if (manifest === undefined || manifest.state === 'deleted') return false
  const { placement, handover } = manifest
  const finishes = handover?.from.mirror === mirror && Date.parse(handover.until) > nowMs
  return placement?.mirror === mirror || finishes
}

/** The account whose groups it is among: of the longest user name that it begins with. */
function ownerOf(group: string, users: readonly Owner[]): string | undefined {
  let found: Owner | undefined
  for (const owner of users) {
    const { user } = owner
    const isOwn = group === user || group.startsWith(`${user}.`) || group.startsWith(`${user}-`)
    if (isOwn && (found === undefined || user.length > found.user.length)) found = owner
  }
  return found?.account
}

const VISIBLE = topicOfFilter('')

/**
 * The groups to delete, of those that nobody is in: of filters that are gone or elsewhere, with names longer than a topic's, and of each account
 * those beyond its number. `emptySince` says since when each has been seen empty. Groups that are nobody's here stay.
 */
export function groupsToDelete(
  groups: readonly GroupListing[],
  controlState: GroupOwners,
  emptySince: ReadonlyMap<string, number>,
): string[] {
  const gone: string[] = []
  const kept = new Map<string, string[]>()
  for (const { id, isEmpty } of groups) {
    if (!isEmpty) continue
    if (id.startsWith(VISIBLE)) {
      if (!controlState.isFilterHere(id.slice(VISIBLE.length))) gone.push(id)
      continue
    }
    const account = ownerOf(id, controlState.users)
    if (account === undefined) continue
    if (id.length > MAX_NAME_CHARS) gone.push(id)
    else kept.set(account, [...(kept.get(account) ?? []), id])
  }
  const since = (id: string): number => emptySince.get(id) ?? Infinity
  for (const ids of kept.values())
    if (ids.length > MAX_EMPTY_GROUPS) gone.push(...ids.toSorted((a, b) => since(b) - since(a)).slice(MAX_EMPTY_GROUPS))
  return gone
}
