// What the user of a node's MirrorMaker may do, on either side. Proven by running with nothing else: mirror-maker.it.test.ts.
import { type Grant } from '#hub'
import { CONNECT_GROUP, HUB_ALIAS, mirrorMakerUser } from './settings.ts'

/** Grants for the hub's broker and for the node's. */
export interface MirrorMakerAcls {
  readonly user: string
  readonly hub: readonly Grant[]
  readonly node: readonly Grant[]
}

/**
 * On the hub it only reads the topics it copies. On the node it writes them and keeps Kafka Connect's own topics, group and
 * transactional ids (a leader's `connect-cluster-…` and one for each task).
 */
export const mirrorMakerAcls = (node: string, topics: readonly string[]): MirrorMakerAcls => {
  const user = mirrorMakerUser(node)
  return {
    user,
    hub: topics.map(name => ({ user, resource: 'topic', name, operations: ['read', 'describe', 'describe-configs'] })),
    node: [
      // Alter: it adds the partitions that the hub added.
      ...topics.map((name): Grant => ({ user, resource: 'topic', name, operations: ['write', 'describe', 'alter'] })),
      {
        user,
        resource: 'topic',
        name: 'mm2-',
        match: 'prefixed',
        operations: ['create', 'read', 'write', 'describe', 'describe-configs'],
      },
      // Made by a connector that is always there, also when it has nothing to do.
      { user, resource: 'topic', name: 'heartbeats', operations: ['create', 'describe', 'describe-configs'] },
      { user, resource: 'group', name: CONNECT_GROUP, operations: ['read', 'describe'] },
      {
        user,
        resource: 'transactional-id',
        name: `${HUB_ALIAS}-mm2-`,
        match: 'prefixed',
        operations: ['write', 'describe'],
      },
      {
        user,
        resource: 'transactional-id',
        name: `connect-cluster-${CONNECT_GROUP}`,
        operations: ['write', 'describe'],
      },
    ],
  }
}
