// What a shard knew when its last transaction was committed, by whomever. The caller has fenced the predecessor off by opening the producer.
import { type BrokerAccess, type LogReader, openLogReader, type Producer } from '#hub'
import { FilterError } from '../errors.ts'
import { barrierKey, parseKey, PROGRESS_TOPIC } from './keys.ts'
import { Ledger } from './ledger.ts'

const LIMIT_MS = 60_000
const WAIT_MS = 500

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
  const barriers = new Set<string>()
  const reader = openLogReader(access, { clientId: `${access.user}.restore`, topic: PROGRESS_TOPIC, partition: shard })
  try {
    await replay(reader, (key, value) => {
      if (parseKey(key)?.kind === 'barrier' && value !== null) barriers.add(key)
      else ledger.restore(key, value)
      return key === barrier
    })
  } finally {
    await reader.close()
  }
  const tidy = await producer.begin()
  await tidy.send([...barriers].map(key => ({ topic: PROGRESS_TOPIC, partition: shard, key, value: null })))
  await tidy.commit()
  return ledger
}

/** Reads the partition from its first record on until `take` says that it was the last. */
async function replay(reader: LogReader, take: (key: string, value: string | null) => boolean): Promise<void> {
  const deadlineMs = performance.now() + LIMIT_MS
  let page = await reader.read('earliest', 0)
  for (;;) {
    for (const { key, value } of page.records)
      if (key !== null && take(key.toString(), value === null ? null : value.toString())) return
    if (performance.now() > deadlineMs)
      throw new FilterError(
        'FILTER_PROGRESS_LOST',
        `The barrier did not come back from ${PROGRESS_TOPIC} within ${LIMIT_MS / 1000} s; look whether an old transaction is open there`,
      )
    page = await reader.read(page.next, WAIT_MS)
  }
}
