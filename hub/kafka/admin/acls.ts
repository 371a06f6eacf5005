// ACLs: who may do what on which topics, groups, transactional ids and the cluster. Nothing is allowed that is not granted.
import { AclOperations, AclPermissionTypes, type Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AdminCall } from './admin-call.ts'

const RESOURCES = {
  topic: ResourceTypes.TOPIC,
  group: ResourceTypes.GROUP,
  'transactional-id': ResourceTypes.TRANSACTIONAL_ID,
  cluster: ResourceTypes.CLUSTER,
} as const

const MATCHES = { literal: ResourcePatternTypes.LITERAL, prefixed: ResourcePatternTypes.PREFIXED } as const

const OPERATIONS = {
  all: AclOperations.ALL,
  read: AclOperations.READ,
  write: AclOperations.WRITE,
  create: AclOperations.CREATE,
  delete: AclOperations.DELETE,
  alter: AclOperations.ALTER,
  describe: AclOperations.DESCRIBE,
  'cluster-action': AclOperations.CLUSTER_ACTION,
  'describe-configs': AclOperations.DESCRIBE_CONFIGS,
  'alter-configs': AclOperations.ALTER_CONFIGS,
  'idempotent-write': AclOperations.IDEMPOTENT_WRITE,
} as const

/** Those of a set as brokers tell it: a bit for each, at its number in the protocol. */
export const operationsIn = (bits: number): AclOperation[] =>
  (Object.keys(OPERATIONS) as AclOperation[]).filter(name => ((bits >> OPERATIONS[name]) & 1) === 1)

export type AclResource = keyof typeof RESOURCES
export type AclMatch = keyof typeof MATCHES
export type AclOperation = keyof typeof OPERATIONS

/** What a user may do. `read` and `write` include `describe`. */
export interface Grant {
  readonly user: string
  readonly resource: AclResource
  /** Of the topic, group or id; for the cluster it is always `kafka-cluster`, and may be left out. */
  readonly name?: string
  /** `literal` where absent. */
  readonly match?: AclMatch
  readonly operations: readonly AclOperation[]
}

export interface AclCalls {
  /** Granting twice is granting once. Resolves when the broker that was asked goes by the rights. */
  grant: (grants: readonly Grant[]) => Promise<void>
  /** Makes these all that a user may do, as often as it is called. Resolves when the broker that was asked goes by it. */
  setGrants: (user: string, grants: readonly Grant[]) => Promise<void>
  /** Takes exactly these rights away; what was not granted is no error. Resolves when the broker that was asked goes by it. */
  revoke: (grants: readonly Grant[]) => Promise<void>
  /** Takes every right of a user away. Resolves when the broker that was asked goes by it. */
  revokeAll: (user: string) => Promise<void>
  /** All grants, or a user's. */
  listGrants: (user?: string) => Promise<Grant[]>
}

const CLUSTER_NAME = 'kafka-cluster'

const aclsOf = ({ user, resource, name, match = 'literal', operations }: Grant) =>
  operations.map(operation => ({
    resourceType: RESOURCES[resource],
    resourceName: resource === 'cluster' ? CLUSTER_NAME : (name ?? ''),
    resourcePatternType: MATCHES[match],
    principal: `User:${user}`,
    host: '*',
    operation: OPERATIONS[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }))

const filterOf = (user: string | undefined) => ({
  resourceType: ResourceTypes.ANY,
  resourceName: null,
  resourcePatternType: ResourcePatternTypes.ANY,
  principal: user === undefined ? null : `User:${user}`,
  host: null,
  operation: AclOperations.ANY,
  permissionType: AclPermissionTypes.ANY,
})

const nameOf = <K extends string>(names: Readonly<Record<K, number>>, value: number): K | undefined => {
  for (const name in names) if (names[name] === value) return name
  return undefined
}

/** The controller knows a right some milliseconds before the broker goes by it. */
const VISIBLE_LIMIT_MS = 10_000
const POLL_MS = 20

/** A right by its numbers in Kafka's protocol. */
interface Right {
  readonly resourceType: number
  readonly resourceName: string
  readonly resourcePatternType: number
  readonly principal: string
  readonly operation: number
}
const textOf = ({ resourceType, resourceName, resourcePatternType, principal, operation }: Right): string =>
  [resourceType, resourceName, resourcePatternType, principal, operation].join(' ')

/** Waits until what the broker lists of a user is as wanted; what is not so in time is told by whoever needs it. */
const awaitVisible = async (
  admin: Admin,
  user: string,
  isAsWanted: (listed: ReadonlySet<string>) => boolean,
): Promise<void> => {
  const deadline = performance.now() + VISIBLE_LIMIT_MS
  const filter = filterOf(user)
  for (;;) {
    const held = await admin.describeAcls({ filter })
    const texts = new Set(held.flatMap(({ acls, ...resource }) => acls.map(acl => textOf({ ...resource, ...acl }))))
    if (isAsWanted(texts) || performance.now() > deadline) return
    await sleep(POLL_MS)
  }
}

/** As `awaitVisible`, for the rights of several users: all of them listed, or none. */
const awaitRights = async (admin: Admin, rights: readonly Right[], expected: 'listed' | 'gone'): Promise<void> => {
  const byUser = Map.groupBy(rights, right => right.principal)
  for (const [principal, own] of byUser)
    await awaitVisible(admin, principal.replace(/^User:/, ''), listed =>
      own.every(right => listed.has(textOf(right)) === (expected === 'listed')),
    )
}

export const aclCalls = (call: AdminCall): AclCalls => ({
  grant: async grants => {
    const creations = grants.flatMap(aclsOf)
    if (creations.length === 0) return
    await call('Granting rights', async admin => {
      await admin.createAcls({ creations })
      await awaitRights(admin, creations, 'listed')
    })
  },
  setGrants: (user, grants) => {
    const due = grants.flatMap(aclsOf)
    const wanted = new Set(due.map(textOf))
    return call(`Setting the rights of user ${user}`, async admin => {
      const held = await admin.describeAcls({ filter: filterOf(user) })
      const surplus = held
        .flatMap(({ acls, ...resource }) => acls.map(acl => ({ ...resource, ...acl })))
        .filter(right => !wanted.has(textOf(right)))
      if (surplus.length > 0) await admin.deleteAcls({ filters: surplus })
      if (due.length > 0) await admin.createAcls({ creations: due })
      await awaitVisible(
        admin,
        user,
        listed => listed.size === wanted.size && [...wanted].every(one => listed.has(one)),
      )
    })
  },
  revoke: async grants => {
    const filters = grants.flatMap(aclsOf)
    if (filters.length === 0) return
    await call('Revoking rights', async admin => {
      await admin.deleteAcls({ filters })
      await awaitRights(admin, filters, 'gone')
    })
  },
  revokeAll: async user => {
    await call(`Revoking the rights of user ${user}`, async admin => {
      await admin.deleteAcls({ filters: [filterOf(user)] })
      await awaitVisible(admin, user, listed => listed.size === 0)
    })
  },
  listGrants: user =>
    call('Listing rights', async admin => {
      const resources = await admin.describeAcls({ filter: filterOf(user) })
      return resources.flatMap(({ resourceType, resourceName: name, resourcePatternType, acls }): Grant[] => {
        const resource = nameOf(RESOURCES, resourceType)
        const match = nameOf(MATCHES, resourcePatternType)
        if (resource === undefined || match === undefined) return []
        return Object.entries(Object.groupBy(acls, acl => acl.principal)).map(([principal, own = []]) => ({
          user: principal.replace(/^User:/, ''),
          resource,
          name,
          match,
          operations: own.flatMap(acl => nameOf(OPERATIONS, acl.operation) ?? []),
        }))
      })
    }),
})
