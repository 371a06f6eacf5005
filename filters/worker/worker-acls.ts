// The Kafka ACLs of a worker's user: on its own node, and on the hub, where it only reports. Granted by whoever prepares a node.
import { CLOCK_TOPIC, type Grant } from '#hub'
import { NODE_TOPICS } from '#mirrors'
import { FILTERS_TOPIC } from '../manifest.ts'
import { PROGRESS_TOPIC } from '../progress/keys.ts'
import { DEAD_LETTERS_TOPIC, LOGS_TOPIC, OVER_CAP_TOPIC, SHARDS_TOPIC, statusTopicOf } from '../publish/topics.ts'
import { SOURCES_TOPIC } from '../sources.ts'

/** The registry's topic as mirrored to the node. */
const SCHEMAS_TOPIC = '_schemas'

export const workerUser = (mirror: string): string => `skysieve-worker-${mirror}`

export interface WorkerAcls {
  readonly node: readonly Grant[]
  readonly hub: readonly Grant[]
}

/** The grants of a mirror's worker; `alertTopics` are those of the streams it filters. */
export function workerAcls(mirror: string, alertTopics: readonly string[]): WorkerAcls {
  const user = workerUser(mirror)
  const topic = (name: string, ...operations: Grant['operations']): Grant => ({
    user,
    resource: 'topic',
    name,
    operations,
  })
  const reads = [SCHEMAS_TOPIC, FILTERS_TOPIC, SOURCES_TOPIC, CLOCK_TOPIC, SHARDS_TOPIC, NODE_TOPICS.mirrorGaps]
  const writes = [DEAD_LETTERS_TOPIC, OVER_CAP_TOPIC, LOGS_TOPIC]
  return {
    node: [
      // How long they keep packets decides how long visits are remembered.
      ...alertTopics.map(name => topic(name, 'read', 'describe-configs')),
      ...reads.map(name => topic(name, 'read')),
      ...writes.map(name => topic(name, 'write')),
      topic(PROGRESS_TOPIC, 'read', 'write'),
      {
        user,
        resource: 'topic',
        name: 'filter.',
        match: 'prefixed',
        operations: ['create', 'write', 'describe', 'describe-configs', 'alter-configs', 'delete'],
      },
      { user, resource: 'group', name: `${user}.`, match: 'prefixed', operations: ['read'] },
      // Visible positions: offsets of the filters' own groups.
      { user, resource: 'group', name: 'filter.', match: 'prefixed', operations: ['read'] },
      { user, resource: 'transactional-id', name: `skysieve.${mirror}.`, match: 'prefixed', operations: ['write'] },
    ],
    hub: [topic(statusTopicOf(mirror), 'write')],
  }
}
