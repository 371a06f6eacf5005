// What a shard knew when its last transaction was committed, by whomever. The caller has fenced the predecessor off by opening the producer.
import { type BrokerAccess, openKafka, type Producer } from '#hub'
import { FilterError } from '../errors.ts'
import { barrierKey, parseKey, PROGRESS_TOPIC } from './keys.ts'
import { Ledger } from './ledger.ts'

const LIMIT_MS = 60_000

export interface RestoreOptions {
  readonly access: BrokerAccess
  readonly producer: Producer
  readonly shard: number
  /** Of this life of the shard; never used before. */
  readonly incarnation: string
}

/**
 * Commits a barrier and reads the shard's partition up to it: everything committed before is then seen, and a partition that ends in
 * transaction markers does not let the reader wait for ever. Barriers of former lives are deleted with the next one.
 * @throws FilterError FILTER_PROGRESS_LOST when the barrier does not come back, FILTER_PROGRESS_CORRUPT for an unreadable record.
 */
export async function restore({ access, producer, shard, incarnation }: RestoreOptions): Promise<Ledger> {
  const barrier = barrierKey(incarnation)
  const transaction = await producer.begin()
  await transaction.send([{ topic: PROGRESS_TOPIC, partition: shard, key: barrier, value: '{}' }])
  await transaction.commit()

  const ledger = new Ledger()
  const barriers: string[] = []
  await replay(access, shard, incarnation, (key, value) => {
    if (key === barrier) return true
    if (parseKey(key)?.kind === 'barrier' && value !== null) barriers.push(key)
    else ledger.restore(key, value)
    return false
  })
  const tidy = await producer.begin()
  await tidy.send([...barriers, barrier].map(key => ({ topic: PROGRESS_TOPIC, partition: shard, key, value: null })))
  await tidy.commit()
  return ledger
}

/** Reads records from the first on until `take` says it was the last. */
async function replay(
  access: BrokerAccess,
  shard: number,
  incarnation: string,
  take: (key: string, value: string | null) => boolean,
): Promise<void> {
  const groupId = `${access.user}.restore.${incarnation}`
  const kafka = openKafka(access, groupId)
  const consumer = kafka.consumer({ groupId, readUncommitted: false, maxWaitTimeInMs: 100, sessionTimeout: 30_000 })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const limit = setTimeout(() => {
    const message = `The barrier of partition ${shard} of ${PROGRESS_TOPIC} did not come back within ${LIMIT_MS / 1000} s; look whether an old transaction is open there`
    reject(new FilterError('FILTER_PROGRESS_LOST', message))
  }, LIMIT_MS)
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
  try {
    await consumer.connect()
    await consumer.subscribe({ topic: PROGRESS_TOPIC, fromBeginning: true })
    let isDone = false
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch, ...run }) => {
        if (batch.partition !== shard) {
          run.pause()
          return Promise.resolve()
        }
        try {
          for (const { key, value } of batch.messages) {
            if (isDone || key === null) continue
            isDone = take(key.toString(), value === null ? null : value.toString())
          }
          if (isDone) resolve()
        } catch (error) {
          reject(error)
        }
        return Promise.resolve()
      },
    })
    await promise
  } finally {
    clearTimeout(limit)
    await consumer.disconnect().catch(() => undefined)
  }
}
