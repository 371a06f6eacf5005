// What a worker's user may do: on its own node, and on the hub, where it only reports. Granted by whoever prepares a node.
import { type Grant } from '#hub'
import { FILTERS_TOPIC } from '../manifest.ts'
import { PROGRESS_TOPIC } from '../progress/keys.ts'
import { DEAD_LETTERS_TOPIC, LOGS_TOPIC, OVER_CAP_TOPIC, SHARDS_TOPIC, STATUS_TOPIC } from '../publish/topics.ts'

/** The registry's topic as mirrored to the node. */
const SCHEMAS_TOPIC = '_schemas'

export const workerUser = (mirror: string): string => `skysieve-worker-${mirror}`

export interface WorkerRights {
  readonly node: readonly Grant[]
  readonly hub: readonly Grant[]
}

/** The grants of a mirror's worker; `alertTopics` are those of the streams it filters. */
export function workerRights(mirror: string, alertTopics: readonly string[]): WorkerRights {
  const user = workerUser(mirror)
  const topic = (name: string, ...operations: Grant['operations']): Grant => ({
    user,
    resource: 'topic',
    name,
    operations,
  })
  const reads = [...alertTopics, SCHEMAS_TOPIC, FILTERS_TOPIC, SHARDS_TOPIC]
  const writes = [DEAD_LETTERS_TOPIC, OVER_CAP_TOPIC, LOGS_TOPIC]
  return {
    node: [
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
    hub: [topic(STATUS_TOPIC, 'write')],
  }
}

/** Topics a worker needs on its node before it starts, besides the alert topics and the mirrored control topics. */
export const nodeTopics = (
  shards: number,
): {
  readonly name: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string | number>>
}[] => [
  {
    name: PROGRESS_TOPIC,
    partitions: shards,
    // Restoring reads it whole: small segments that are compacted soon keep it short.
    configs: {
      'cleanup.policy': 'compact',
      'segment.bytes': 16 * 1024 ** 2,
      'segment.ms': 600_000,
      'min.cleanable.dirty.ratio': 0.1,
      'max.compaction.lag.ms': 600_000,
      'delete.retention.ms': 60_000,
    },
  },
  { name: SHARDS_TOPIC, partitions: shards, configs: { 'cleanup.policy': 'delete' } },
  { name: DEAD_LETTERS_TOPIC, partitions: 1, configs: weekOf(1024 ** 3) },
  { name: OVER_CAP_TOPIC, partitions: 1, configs: weekOf(1024 ** 3) },
  { name: LOGS_TOPIC, partitions: 1, configs: weekOf(256 * 1024 ** 2) },
]

const weekOf = (bytes: number): Record<string, string | number> => ({
  'cleanup.policy': 'delete',
  'retention.ms': 7 * 86_400_000,
  'retention.bytes': bytes,
  'segment.bytes': Math.floor(bytes / 8),
  'max.message.bytes': 12 * 1024 ** 2,
})
