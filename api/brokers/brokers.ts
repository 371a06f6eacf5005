// The brokers that subscribers read, as the API administers them: users with rights on one topic, and what a topic holds.
import { type BrokerAccess, type ClusterAdmin, type Grant, HubError, openAdmin } from '#hub'
import { type CredentialRecord } from '../accounts/records.ts'
import { type SecretBox } from '../accounts/secret-box.ts'
import { ApiError } from '../errors.ts'
import { type Brokers, type TopicOffsets } from '../platform.ts'
import { committedRecords } from './committed-records.ts'

export interface ServedBroker extends BrokerAccess {
  /** `hub`, or the mirror's name. */
  readonly name: string
  /** The address subscribers use, where it is another than the API's. */
  readonly advertised?: string | undefined
}

/** What a subscriber may do: read one topic, and everything with groups of its own. */
const grantsOf = ({ user, topic }: Pick<CredentialRecord, 'user' | 'topic'>): readonly Grant[] => [
  { user, resource: 'topic', name: topic, operations: ['read', 'describe', 'describe-configs'] },
  { user, resource: 'group', name: user, operations: ['all'] },
  { user, resource: 'group', name: `${user}.`, match: 'prefixed', operations: ['all'] },
]

const NOWHERE: TopicOffsets = { exists: false, partitions: [] }

/** Connects to nothing until used. */
export function openBrokers(served: readonly ServedBroker[], box: SecretBox): Brokers & { close(): Promise<void> } {
  const brokers = new Map(served.map(broker => [broker.name, { broker, admin: openAdmin(broker, 'skysieve-api') }]))

  const servedBy = (name: string): { readonly broker: ServedBroker; readonly admin: ClusterAdmin } => {
    const found = brokers.get(name)
    if (found) return found
    const message = `The broker “${name}” is not in the API's configuration. The operator has to add it.`
    throw new ApiError('API_MIRROR_DOWN', message)
  }
  const failure = (name: string, cause: unknown): unknown => {
    if (cause instanceof HubError && cause.code === 'HUB_TOPIC_UNKNOWN') return cause
    const message = `The broker “${name}” does not do what it was asked at the moment. Try again in a few seconds.`
    return new ApiError('API_MIRROR_DOWN', message, { cause })
  }
  const on = async <T>(name: string, work: (admin: ClusterAdmin) => Promise<T>): Promise<T> => {
    const { admin } = servedBy(name)
    try {
      return await work(admin)
    } catch (error) {
      throw failure(name, error)
    }
  }

  return {
    address(name) {
      const found = brokers.get(name)
      return found && (found.broker.advertised ?? found.broker.bootstrap)
    },
    offsets: (name, topic) =>
      on(name, async admin => {
        // Asking for the offsets of a topic that is not there would be repeated for a while.
        if (!(await admin.listTopics()).includes(topic)) return NOWHERE
        const low = await admin.offsets(topic, 'earliest')
        const high = await admin.offsets(topic, 'latest')
        const partitions = [...low].map(([partition, first]) => ({
          partition,
          low: first,
          high: high.get(partition) ?? first,
        }))
        return { exists: true, partitions }
      }).catch((error: unknown) => {
        if (error instanceof HubError && error.code === 'HUB_TOPIC_UNKNOWN') return NOWHERE
        throw error
      }),
    async *records(name, topic, partition, from) {
      const { broker, admin } = servedBy(name)
      try {
        const start = from === 'earliest' ? from : (await admin.offsets(topic, from)).get(partition)
        yield* committedRecords(broker, { topic, partition, from: start ?? 'earliest' })
      } catch (error) {
        throw failure(name, error)
      }
    },
    grant: record =>
      on(record.broker, async admin => {
        const { user, iterations, salt, sealed } = record
        const saltedPassword = box.open(user, sealed)
        await admin.upsertUser(user, { iterations, salt: Buffer.from(salt, 'base64'), saltedPassword })
        await admin.grant(grantsOf(record))
      }),
    revoke: ({ broker, user }) =>
      on(broker, async admin => {
        // Rights first: open connections of the user read nothing more from here on.
        await admin.revokeAll(user)
        await admin.deleteUser(user)
      }),
    async close() {
      await Promise.allSettled([...brokers.values()].map(({ admin }) => admin.close()))
    },
  }
}
