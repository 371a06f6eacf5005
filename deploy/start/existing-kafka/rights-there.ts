// What users may do in a Kafka that is somebody else's: granted where that is allowed, and else found out, by what each user is told of itself
// and by the list of ACLs, where that may be seen.
import { type AclOperation, type ClusterAdmin, type Grant, HubError } from '#hub'
import { type Missing, tried } from './missing.ts'

/** Kafka's own: who may do one of these may describe, too. */
const IMPLIES: Partial<Record<AclOperation, readonly AclOperation[]>> = {
  describe: ['read', 'write', 'delete', 'alter'],
  'describe-configs': ['alter-configs'],
}

const includes = (held: readonly AclOperation[], operation: AclOperation): boolean =>
  [operation, 'all' as const, ...(IMPLIES[operation] ?? [])].some(one => held.includes(one))

/** Whether a resource of an ACL takes in all that another one does. */
const spans = (held: Grant, wanted: Grant): boolean => {
  if (held.resource !== wanted.resource) return false
  if (held.resource === 'cluster') return true
  const [name = '', other = ''] = [held.name, wanted.name]
  if (held.match === 'prefixed') return other.startsWith(name)
  return name === '*' || (wanted.match !== 'prefixed' && name === other)
}

/** The operations of a grant that ACLs do not give its user. Refusals (DENY) are not looked at. Pure. */
export const lacking = (held: readonly Grant[], wanted: Grant): readonly AclOperation[] => {
  const own = held.filter(({ user }) => user === wanted.user || user === '*').filter(one => spans(one, wanted))
  return wanted.operations.filter(operation => !own.some(({ operations }) => includes(operations, operation)))
}

type View = Pick<ClusterAdmin, 'viewCluster' | 'topicOperations'>

/** Grants what it may. Resolves to the rights that users lack, as far as that can be seen; `as` gives no view of who cannot log in. */
export const ensureRights = async (
  admin: Pick<ClusterAdmin, 'grant' | 'listGrants'>,
  grants: readonly Grant[],
  mayGrant: boolean,
  as: (user: string) => View | undefined,
): Promise<Missing | undefined> => {
  if (mayGrant && (await tried(admin.grant(grants)))) return undefined
  const held = await heldOf(admin)
  if (held === 'everything') return undefined
  const missing: Grant[] = []
  for (const [user, own] of Map.groupBy(grants, grant => grant.user))
    missing.push(...(await lackOf(as(user), own, held)))
  return missing.length === 0 ? undefined : { kind: 'rights', grants: missing }
}

/** All ACLs; undefined where they may not be seen. */
const heldOf = async (
  admin: Pick<ClusterAdmin, 'listGrants'>,
): Promise<readonly Grant[] | 'everything' | undefined> => {
  try {
    return await admin.listGrants()
  } catch (error) {
    // Without an authorizer everybody may do everything.
    if (error instanceof HubError && error.code === 'HUB_NOT_SUPPORTED') return 'everything'
    if (error instanceof HubError && error.code === 'HUB_NOT_AUTHORIZED') return undefined
    throw error
  }
}

const lackOf = async (
  user: View | undefined,
  wanted: readonly Grant[],
  held: readonly Grant[] | undefined,
): Promise<Grant[]> => {
  // Of super users no ACL tells.
  if ((await user?.viewCluster())?.operations.includes('cluster-action') === true) return []
  const missing: Grant[] = []
  for (const grant of wanted) {
    const seen = user && (await seenOf(user, grant))
    // What can be seen in no way is left to be told by who needs it; of who cannot log in nothing is believed.
    const operations =
      seen === undefined
        ? lacking(held ?? (user === undefined ? [] : [grant]), grant)
        : grant.operations.filter(operation => !includes(seen, operation))
    if (operations.length > 0) missing.push({ ...grant, operations })
  }
  return missing
}

/** What a user may do with a topic that is there, by its own account, which also knows of broader ACLs and of refusals. */
const seenOf = async (user: View, { resource, name, match }: Grant): Promise<readonly AclOperation[] | undefined> =>
  resource === 'topic' && match !== 'prefixed' && name !== undefined && name !== '*'
    ? user.topicOperations(name)
    : undefined
