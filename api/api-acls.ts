// The Kafka ACLs that the API's own user needs, as data for whoever sets brokers up. Those of subscribers are in subscribers/subscriber-acls.ts.
// It imports nothing that runs, so that the command line, which shares this folder's index, starts fast; a test compares the names.
import type { Grant } from '#hub'

/** A test compares them with the hub's. */
const ALERT_TOPICS = ['lsst-alerts-v11', 'ztf-alerts'] as const

/** Alerts, notices, and how far the archiver is; a test compares them with the hub's. */
export const ARCHIVED_TOPICS = [...ALERT_TOPICS, 'lsst-notices', 'ztf-notices', 'skysieve.archive'] as const

export interface ApiAcls {
  /** Control topics it writes (and therefore creates no readers for): all compacted, one partition. */
  readonly hub: readonly Grant[]
  readonly node: readonly Grant[]
}

/** Consumer groups and transactional ids of the API begin with its user's name. */
export function apiAcls(user = 'skysieve-api'): ApiAcls {
  const topic = (name: string, operations: Grant['operations']): Grant => ({
    user,
    resource: 'topic',
    name,
    operations,
  })
  /**
   * Users and ACLs of subscribers can only be made with ALTER on the cluster, which lets its holder grant itself anything:
   * the API is as trusted as an administrator of each broker it serves.
   */
  const administers: Grant = { user, resource: 'cluster', operations: ['alter', 'describe', 'alter-configs'] }
  /** Groups that nobody is in, beyond what an account may keep. */
  const tidiesGroups: Grant = { user, resource: 'group', name: '*', operations: ['describe', 'delete'] }
  return {
    hub: [
      topic('skysieve.filters', ['read', 'write', 'describe']),
      topic('skysieve.sources', ['read', 'write', 'describe']),
      topic('skysieve.accounts', ['read', 'write', 'describe']),
      topic('skysieve.leader', ['read', 'write', 'describe']),
      topic('skysieve.nodes', ['read', 'write', 'describe']),
      // Of nodes that are removed it takes the reports away, and each has a topic for them.
      topic('skysieve.status', ['read', 'write', 'describe']),
      { user, resource: 'topic', name: 'skysieve.status.', match: 'prefixed', operations: ['read', 'describe'] },
      topic('skysieve.audit', ['read', 'write', 'describe']),
      topic('_schemas', ['read', 'describe']),
      // Maintenance of the archive compares it with these; filters' samples need none of them.
      ...ARCHIVED_TOPICS.map(name => topic(name, ['read'])),
      // Dead letters are looked at, and sent into their stream again.
      topic('skysieve.hub-dead-letters', ['read', 'describe']),
      ...ALERT_TOPICS.map(name => topic(name, ['write'])),
      // Topics that administrators make and delete, and a look at every topic's settings.
      topic('*', ['create', 'delete', 'describe', 'describe-configs', 'alter-configs']),
      { user, resource: 'group', name: user, match: 'prefixed', operations: ['all'] },
      tidiesGroups,
      { user, resource: 'transactional-id', name: user, match: 'prefixed', operations: ['write', 'describe'] },
      { user, resource: 'cluster', operations: ['idempotent-write'] },
      administers,
    ],
    node: [
      { user, resource: 'topic', name: 'filter.', match: 'prefixed', operations: ['describe'] },
      topic('skysieve.progress', ['read', 'describe']),
      topic('skysieve.over-cap', ['read', 'describe']),
      topic('skysieve.dead-letters', ['read', 'describe']),
      tidiesGroups,
      administers,
    ],
  }
}
