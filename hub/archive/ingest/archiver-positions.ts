// The archiver's positions: which offset of each partition it reads next. They are records of `skysieve.archive`, written in the transactions that hold
// the notices, so that after a kill both are there or neither.
import { readToBarrier } from '../../control-topics/read-to-barrier.ts'
import { HubError } from '../../errors.ts'
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { type Offsets } from '../../kafka/admin/offsets.ts'
import { openLogReader } from '../../kafka/consume/log-reader.ts'
import { type Message } from '../../kafka/produce/messages.ts'
import { type Producer } from '../../kafka/produce/producer.ts'

/** Compacted, one partition: `positions/<stream>` → partition → next offset. */
export const ARCHIVE_TOPIC = 'skysieve.archive'
/** The archiver of a stream writes with it; a second one fences the first off. */
export const archiverTransactionalId = (stream: string): string => `skysieve.archiver.${stream}`

const positionsKey = (stream: string): string => `positions/${stream}`
const barrierKey = (stream: string): string => `barrier/${stream}`

/** The record that says where to read on. Offsets are decimal strings. */
export const positionsMessage = (stream: string, offsets: Offsets): Message => ({
  topic: ARCHIVE_TOPIC,
  partition: 0,
  key: positionsKey(stream),
  value: JSON.stringify(Object.fromEntries([...offsets].map(([partition, offset]) => [partition, String(offset)]))),
})

export interface RestoreOptions {
  readonly access: BrokerAccess
  /** Opened with the stream's transactional id: its predecessor is fenced off. */
  readonly producer: Producer
  readonly stream: string
  /** Of this opening; never used before. */
  readonly incarnation: string
}

/**
 * Commits a barrier and reads up to it, so that everything committed before is seen. Empty for a stream that was never archived.
 * Throws HubError HUB_CONTROL_RECORD for a record that cannot be read, HUB_UNREACHABLE where the barrier does not come back.
 */
export const restorePositions = async ({ access, producer, stream, incarnation }: RestoreOptions): Promise<Offsets> => {
  let positions: Offsets = new Map()
  await readToBarrier({
    access,
    clientId: `${access.user}.positions`,
    producer,
    topic: ARCHIVE_TOPIC,
    barrierKey: barrierKey(stream),
    incarnation,
    take: ({ key, value }) => {
      if (String(key) === positionsKey(stream)) positions = parsePositions(String(value))
    },
  })
  return positions
}

/** What a stream's archiver has committed so far; empty where it never has. For checks: an archiver itself restores behind a barrier. */
export const readPositions = async (access: BrokerAccess, stream: string): Promise<Offsets> => {
  const reader = openLogReader(access, { clientId: `${access.user}.positions`, topic: ARCHIVE_TOPIC })
  try {
    let positions: Offsets = new Map()
    for (let page = await reader.read('earliest', 0); ; page = await reader.read(page.next, 0)) {
      for (const { key, value } of page.records)
        if (String(key) === positionsKey(stream)) positions = parsePositions(String(value))
      if (page.next >= page.end) return positions
    }
  } finally {
    await reader.close()
  }
}

/** Reads a record's value. Throws HubError HUB_CONTROL_RECORD. */
export const parsePositions = (text: string): Offsets => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no object')
    return new Map(
      Object.entries(value).map(([partition, offset]) => {
        if (!/^\d+$/.test(partition) || !/^\d+$/.test(String(offset))) throw new TypeError('no offsets by partition')
        return [Number(partition), BigInt(String(offset))]
      }),
    )
  } catch (cause) {
    throw new HubError(
      'HUB_CONTROL_RECORD',
      `The archiver's positions in ${ARCHIVE_TOPIC} cannot be read; nothing but an archiver may write there`,
      { cause },
    )
  }
}
