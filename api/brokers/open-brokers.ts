// The brokers over connections of the API's own user: users with their ACLs and quotas, topics, and what a topic holds.
import { type BrokerAccess, type ClusterAdmin, HubError, openAdmin, openProducer, openQueue } from '#hub'
import { type SecretBox } from '../accounts/secret-box.ts'
import { ApiError } from '../errors.ts'
import { type Brokers, HUB, type TopicOffsets } from './brokers.ts'
import { committedRecords } from './committed-records.ts'
import { openRecordIndex, type RecordIndex } from './record-index.ts'

export interface ServedBroker extends BrokerAccess {
  /** `hub`, or the mirror's name. */
  readonly name: string
  /** The address subscribers use, where it is another than the API's. */
  readonly advertised?: string | undefined
  /** The authority of its certificate there, PEM, where that is not `ca`. */
  readonly advertisedCa?: string | undefined
  /** Somebody else makes its users; the API makes none there and takes none away. */
  readonly usersAreGiven?: boolean
}

/** What is no fault of the broker's. */
const PASSED_ON: ReadonlySet<string> = new Set(['HUB_TOPIC_UNKNOWN', 'HUB_TOPIC_DIFFERS'])
/** Keys of the records that are looked for one by one: what filters did with visits. */
const VISIT_KEYS = 'visit/'
/** Of a shard: 300 filters in 8,000 visits, 60 MB at most. */
const MAX_INDEXED = 2_400_000
/** A connection that is cut off once says nothing of a broker. */
const REACH_RETRIES = 1
const NOWHERE: TopicOffsets = { exists: false, partitions: [] }

interface Connected {
  readonly broker: ServedBroker
  readonly admin: ClusterAdmin
}

/** Brokers that come and go, as nodes do. Each is known anew with every use. */
export interface JoinedBrokers {
  names(): readonly string[]
  find(name: string): ServedBroker | undefined
}

export interface LiveBrokers extends Brokers {
  /** A joined broker has changed or gone: connections to where it was are closed. */
  refresh(name: string): void
  close(): Promise<void>
}

const NONE: JoinedBrokers = { names: () => [], find: () => undefined }

const isSame = (one: ServedBroker, other: ServedBroker): boolean =>
  (['bootstrap', 'user', 'password', 'ca', 'advertised', 'advertisedCa', 'usersAreGiven'] as const).every(
    key => one[key] === other[key],
  )

/** Connects to nothing until used. */
export function openBrokers(hub: Omit<ServedBroker, 'name'>, box: SecretBox, nodes: JoinedBrokers = NONE): LiveBrokers {
  const connected = new Map<string, Connected>()
  const indexes = new Map<string, RecordIndex>()
  /** They outlive a connection: who changes users waits for whoever did over the one before. */
  const queues = new Map<string, ReturnType<typeof openQueue>>()

  const brokerOf = (name: string): ServedBroker | undefined => (name === HUB ? { ...hub, name } : nodes.find(name))
  const disconnect = (name: string): void => {
    const found = connected.get(name)
    connected.delete(name)
    for (const place of indexes.keys()) if (place.startsWith(`${name}/`)) indexes.delete(place)
    // What is under way is answered first, or fails with the connection.
    void found?.admin.close().catch(() => undefined)
  }
  const servedBy = (name: string): Connected => {
    const broker = brokerOf(name)
    const found = connected.get(name)
    if (broker !== undefined && found !== undefined && isSame(found.broker, broker)) return found
    if (found !== undefined) disconnect(name)
    if (broker === undefined) {
      const message = `There is no broker “${name}” that the API serves: GET /v1/nodes lists the nodes, and whether each has joined.`
      throw new ApiError('API_MIRROR_DOWN', message)
    }
    const fresh = { broker, admin: openAdmin(broker, 'skysieve-api') }
    connected.set(name, fresh)
    return fresh
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
  const alone = async (name: string, work: (admin: ClusterAdmin) => Promise<void>): Promise<void> => {
    if (brokerOf(name)?.usersAreGiven === true) return
    const inTurn = queues.get(name) ?? openQueue()
    queues.set(name, inTurn)
    return inTurn(() => on(name, work))
  }

  return {
    mirrors: () => nodes.names(),
    async reach(name) {
      // A connection of its own: who asks wants to know now, and asks again.
      const admin = openAdmin(servedBy(name).broker, 'skysieve-api-reach', REACH_RETRIES)
      try {
        await admin.listTopics()
      } catch (error) {
        throw failure(name, error)
      } finally {
        await admin.close().catch(() => undefined)
      }
    },
    async answersAt(name, bootstrap) {
      const admin = openAdmin({ ...servedBy(name).broker, bootstrap }, 'skysieve-api-reach', REACH_RETRIES)
      try {
        await admin.listTopics()
        return true
      } catch (error) {
        // Whoever refuses is there.
        return error instanceof HubError && error.code === 'HUB_NOT_AUTHORIZED'
      } finally {
        await admin.close().catch(() => undefined)
      }
    },
    refresh(name) {
      const found = connected.get(name)
      const broker = brokerOf(name)
      if (found !== undefined && (broker === undefined || !isSame(found.broker, broker))) disconnect(name)
      if (broker === undefined) queues.delete(name)
    },
    address(name) {
      const broker = brokerOf(name)
      return broker && (broker.advertised ?? broker.bootstrap)
    },
    makesUsers: name => brokerOf(name)?.usersAreGiven !== true,
    security(name) {
      const broker = brokerOf(name)
      const ca = broker?.advertisedCa ?? broker?.ca
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
        await admin.setGrants(user, grants)
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
      await Promise.allSettled([...connected.values()].map(({ admin }) => admin.close()))
    },
  }
}
