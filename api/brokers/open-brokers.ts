// The brokers over connections of the API's own user: users with their ACLs and quotas, topics, and what a topic holds.
import { type BrokerAccess, type ClusterAdmin, type Grant, HubError, openAdmin, openProducer, openQueue } from '#hub'
import { type SecretBox } from '../accounts/secret-box.ts'
import { ApiError } from '../errors.ts'
import { type Brokers, type TopicOffsets } from './brokers.ts'
import { committedRecords } from './committed-records.ts'
import { openRecordIndex, type RecordIndex } from './record-index.ts'

export interface ServedBroker extends BrokerAccess {
  /** `hub`, or the mirror's name. */
  readonly name: string
  /** The address subscribers use, where it is another than the API's. */
  readonly advertised?: string | undefined
}

/** An ACL as text, so that two can be compared. */
const textOf = ({ resource, name = '', match = 'literal' }: Grant, operation: string): string =>
  [resource, resource === 'cluster' ? '' : name, match, operation].join(' ')

/** Those of `held` that are not among `due`. */
const surplus = (held: readonly Grant[], due: readonly Grant[]): Grant[] => {
  const wanted = new Set(due.flatMap(grant => grant.operations.map(operation => textOf(grant, operation))))
  return held.flatMap(grant => {
    const operations = grant.operations.filter(operation => !wanted.has(textOf(grant, operation)))
    return operations.length === 0 ? [] : [{ ...grant, operations }]
  })
}

/** What is no fault of the broker's. */
const PASSED_ON: ReadonlySet<string> = new Set(['HUB_TOPIC_UNKNOWN', 'HUB_TOPIC_DIFFERS'])
/** Keys of the records that are looked for one by one: what filters did with visits. */
const VISIT_KEYS = 'visit/'
/** Of a shard: 300 filters in 8,000 visits, 60 MB at most. */
const MAX_INDEXED = 2_400_000
const NOWHERE: TopicOffsets = { exists: false, partitions: [] }

/** Connects to nothing until used. */
export function openBrokers(served: readonly ServedBroker[], box: SecretBox): Brokers & { close(): Promise<void> } {
  const brokers = new Map(
    served.map(broker => [broker.name, { broker, admin: openAdmin(broker, 'skysieve-api'), inTurn: openQueue() }]),
  )

  const indexes = new Map<string, RecordIndex>()

  const servedBy = (name: string) => {
    const found = brokers.get(name)
    if (found) return found
    const message = `The broker “${name}” is not in the API's configuration. The operator has to add it.`
    throw new ApiError('API_MIRROR_DOWN', message)
  }
  const failure = (name: string, cause: unknown): unknown => {
    if (cause instanceof HubError && PASSED_ON.has(cause.code)) return cause
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
  /** Users change one after another: nobody makes one again that was taken away meanwhile. */
  const alone = async (name: string, work: (admin: ClusterAdmin) => Promise<void>): Promise<void> =>
    servedBy(name).inTurn(() => on(name, work))

  return {
    address(name) {
      const found = brokers.get(name)
      return found && (found.broker.advertised ?? found.broker.bootstrap)
    },
    security(name) {
      const ca = brokers.get(name)?.broker.ca
      return ca === undefined ? { protocol: 'SASL_PLAINTEXT' } : { protocol: 'SASL_SSL', ca }
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
        const start = typeof from !== 'object' ? from : (await admin.offsets(topic, from)).get(partition)
        yield* committedRecords(broker, { topic, partition, from: start ?? 'earliest' })
      } catch (error) {
        throw failure(name, error)
      }
    },
    newest: (name, topic, partition, key) => {
      const place = `${name}/${topic}/${partition}`
      const { broker } = servedBy(name)
      const index =
        indexes.get(place) ??
        openRecordIndex({
          read: from => committedRecords(broker, { topic, partition, from }),
          isWanted: one => one.startsWith(VISIT_KEYS),
          maxKeys: MAX_INDEXED,
        })
      indexes.set(place, index)
      return index.newest(key).catch((error: unknown) => {
        throw failure(name, error)
      })
    },
    async append(name, message) {
      const { broker } = servedBy(name)
      try {
        const producer = await openProducer(broker, { clientId: `${broker.user}-append` })
        try {
          await producer.send([message])
        } finally {
          await producer.close()
        }
      } catch (error) {
        throw failure(name, error)
      }
    },
    applyUser: (name, wanted) =>
      alone(name, async admin => {
        const found = wanted()
        if (found === undefined) return
        const { user, iterations, salt, sealed, grants, quota } = found
        const saltedPassword = box.open(user, sealed)
        await admin.upsertUser(user, { iterations, salt: Buffer.from(salt, 'base64'), saltedPassword })
        await admin.revoke(surplus(await admin.listGrants(user), grants))
        await admin.grant(grants)
        await admin.setQuota(user, quota)
      }),
    applyQuotas: (name, wanted) =>
      alone(name, admin => admin.setQuotas(wanted().map(({ user, quota }) => ({ user, ...quota })))),
    removeUser: (name, user) =>
      alone(name, async admin => {
        // ACLs first: open connections of the user read nothing more from here on.
        await admin.revokeAll(user)
        await admin.deleteUser(user)
        await admin.setQuota(user, { consumerBytesPerSecond: null, producerBytesPerSecond: null, requestPercent: null })
      }),
    groups: name => on(name, admin => admin.listGroups()),
    dropGroups: (name, ids) => on(name, admin => admin.deleteGroups(ids)),
    makeTopic: (name, topic) => on(name, admin => admin.createTopics([topic])),
    dropTopic: (name, topic) => on(name, admin => admin.deleteTopics([topic])),
    describeTopic: (name, topic) => on(name, admin => admin.describeTopic(topic)),
    async close() {
      await Promise.allSettled([...brokers.values()].map(({ admin }) => admin.close()))
    },
  }
}
