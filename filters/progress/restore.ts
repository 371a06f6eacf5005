// Gives what a shard knew when its last transaction was committed, by whichever process. The caller has opened the producer before, which fences the predecessor and
// aborts its open transaction.
import { type BrokerAccess, type LogReader, openLogReader, type Producer } from '#hub'
import { FilterError } from '../errors.ts'
import { type Change, barrierKey, parseKey, PROGRESS_TOPIC } from './keys.ts'
import { ShardState } from './shard-state.ts'

/** When nothing new was read for so long, the barrier will not come. Reading a long topic takes as long as it needs. */
const STANDSTILL_MS = 60_000
const WAIT_MS = 500
/** Records of candidates that are moved in one transaction. */
const MOVED_AT_ONCE = 1000

export interface RestoreOptions {
  readonly access: BrokerAccess
  readonly producer: Producer
  readonly shard: number
  /** Names this incarnation of the shard; never used before. */
  readonly incarnation: string
  /** Of visits untouched for so long no packet can come any more. */
  readonly packetRetentionMs: number
}

/**
 * Commits a barrier and reads the shard's partition up to it: everything committed before is then seen, and a partition that ends in
 * transaction markers does not let the reader wait for ever. Barriers of earlier incarnations are deleted here.
 * @throws FilterError FILTER_PROGRESS_LOST when the barrier does not come back, FILTER_PROGRESS_CORRUPT for an unreadable record.
 */
export async function restore({
  access,
  producer,
  shard,
  incarnation,
  packetRetentionMs,
}: RestoreOptions): Promise<ShardState> {
  const barrier = barrierKey(incarnation)
  const transaction = await producer.begin()
  await transaction.send([{ topic: PROGRESS_TOPIC, partition: shard, key: barrier, value: '{}' }])
  await transaction.commit()

  const shardState = new ShardState(Date.now() - packetRetentionMs)
  const barriers = new Set<string>()
  const reader = openLogReader(access, { clientId: `${access.user}.restore`, topic: PROGRESS_TOPIC, partition: shard })
  try {
    await replay(reader, (key, value) => {
      if (parseKey(key)?.kind === 'barrier' && value !== null) barriers.add(key)
      else shardState.restore(key, value)
      return key === barrier
    })
  } finally {
    await reader.close()
  }
  const changes: Map<string, Change>[] = [
    new Map([...barriers].map(key => [key, () => null])),
    ...shardState.restored(),
  ]
  while (changes.length > 0) {
    // Those of one visit go together.
    const part = new Map<string, Change>()
    while (changes.length > 0 && part.size < MOVED_AT_ONCE)
      for (const [key, change] of changes.shift() ?? []) part.set(key, change)
    const tidy = await producer.begin()
    await tidy.send(
      [...part].map(([key, change]) => ({ topic: PROGRESS_TOPIC, partition: shard, key, value: change() })),
    )
    await tidy.commit()
  }
  return shardState
}

/** Reads the partition from its first record on until `take` says that it was the last. */
async function replay(reader: LogReader, take: (key: string, value: string | null) => boolean): Promise<void> {
  let movedMs = performance.now()
  let page = await reader.read('earliest', 0)
  for (;;) {
    const { next, end, records } = page
    // The next page comes while this one is taken; at the end it would be waited for.
    const ahead = next < end ? reader.read(next, 0) : undefined
    ahead?.catch(() => undefined)
    for (const { key, value } of records)
      if (key !== null && take(key.toString(), value === null ? null : value.toString())) return
    page = await (ahead ?? reader.read(next, WAIT_MS))
    if (page.next > next) movedMs = performance.now()
    else if (performance.now() - movedMs > STANDSTILL_MS)
      throw new FilterError(
        'FILTER_PROGRESS_LOST',
        `Nothing more came from ${PROGRESS_TOPIC} for ${STANDSTILL_MS / 1000} s, and the barrier has not; look whether an old transaction is open there`,
      )
  }
}
