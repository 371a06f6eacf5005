// Packets that could not be read: of the hub's archiver, and of each node's filters. Looked at, and sent into their stream once more.
import { HUB_DEAD_LETTERS, type LogRecord, readFrame, STREAMS, type Stream } from '#hub'
import { DEAD_LETTERS_TOPIC } from '#filters'
import { ApiError } from '../errors.ts'
import { type Brokers, HUB } from './brokers.ts'

/** Bytes of a packet that are shown. */
const HEAD_BYTES = 64
/** Offsets looked at for one page of a list; transaction markers take some. */
const LOOK_BACK = 4n

export interface DeadLetter {
  /** `hub`, or the mirror's name. */
  readonly broker: string
  readonly offset: bigint
  readonly reason: string
  readonly message: string
  /** Where the packet lay: topic, partition and offset on that broker. */
  readonly source: string | null
  readonly stream: Stream | undefined
  /** What the packet's first five bytes say; null where they are no frame. */
  readonly schemaId: number | null
  /** When it was put aside; ms since 1970. */
  readonly timestampMs: number
  readonly bytes: number
  /** Its first bytes, in hexadecimal. */
  readonly head: string
}

const deadLetterTopic = (broker: string): string => (broker === HUB ? HUB_DEAD_LETTERS : DEAD_LETTERS_TOPIC)

const headerOf = ({ headers }: LogRecord, name: string): string | undefined =>
  headers.find(([key]) => key === name)?.[1]?.toString()

const SOURCE = /^(?<topic>.+)-(?<partition>\d{1,9})-(?<offset>\d{1,19})$/

const schemaIdOf = (packet: Buffer): number | null => {
  try {
    return readFrame(packet).schemaId
  } catch {
    return null
  }
}

const letterOf = (broker: string, record: LogRecord): DeadLetter => {
  const packet = record.value ?? Buffer.alloc(0)
  const source = headerOf(record, 'skysieve-source') ?? null
  const topic = source === null ? undefined : SOURCE.exec(source)?.groups?.['topic']
  return {
    broker,
    offset: record.offset,
    reason: headerOf(record, 'skysieve-reason') ?? 'unknown',
    message: headerOf(record, 'skysieve-message') ?? '',
    source,
    stream: Object.values(STREAMS).find(stream => stream.topic === topic),
    schemaId: schemaIdOf(packet),
    timestampMs: record.timestampMs,
    bytes: packet.length,
    head: packet.toString('hex', 0, HEAD_BYTES),
  }
}

function requireBroker(brokers: Brokers, broker: string): void {
  if (brokers.address(broker) !== undefined) return
  const message = `There is no broker “${broker}”: dead letters are of “${HUB}” and of the nodes that GET /v1/nodes lists.`
  throw new ApiError('API_DEAD_LETTER_UNKNOWN', message)
}

/**
 * The newest letters of a broker before an offset, newest first; `next` is where the page before them ends.
 * @throws ApiError API_MIRROR_DOWN, API_DEAD_LETTER_UNKNOWN for a broker there is not
 */
export async function deadLetters(
  brokers: Brokers,
  broker: string,
  { limit, before }: { readonly limit: number; readonly before?: bigint | undefined },
): Promise<{ readonly letters: readonly DeadLetter[]; readonly next: bigint | undefined }> {
  const topic = deadLetterTopic(broker)
  requireBroker(brokers, broker)
  const [partition] = (await brokers.offsets(broker, topic)).partitions
  if (partition === undefined) return { letters: [], next: undefined }
  const end = before !== undefined && before < partition.high ? before : partition.high
  const span = LOOK_BACK * BigInt(limit)
  for (let from = end - span; ; from -= span) {
    const start = from > partition.low ? from : partition.low
    const found: DeadLetter[] = []
    for await (const record of brokers.records(broker, topic, 0, start)) {
      if (record.offset >= end) break
      found.push(letterOf(broker, record))
    }
    if (found.length < limit && start > partition.low) continue
    const letters = found.slice(-limit).toReversed()
    const oldest = letters.at(-1)?.offset
    const isLast = start === partition.low && found.length <= limit
    return { letters, next: isLast ? undefined : oldest }
  }
}

interface Found {
  readonly letter: DeadLetter
  readonly record: LogRecord
}

/** Throws ApiError API_DEAD_LETTER_UNKNOWN. */
export async function deadLetter(brokers: Brokers, broker: string, offset: bigint): Promise<Found> {
  const topic = deadLetterTopic(broker)
  requireBroker(brokers, broker)
  const [partition] = (await brokers.offsets(broker, topic)).partitions
  if (partition !== undefined && offset >= partition.low && offset < partition.high)
    for await (const record of brokers.records(broker, topic, 0, offset)) {
      if (record.offset === offset) return { letter: letterOf(broker, record), record }
      break
    }
  throw new ApiError(
    'API_DEAD_LETTER_UNKNOWN',
    `The broker “${broker}” has no dead letter ${offset}. GET /v1/dead-letters lists those there are; they are kept for a week on the hub and thirty days on nodes.`,
  )
}

/**
 * Sends the packet into its stream again, byte for byte; filters that had it already do not deliver it twice. Throws ApiError API_STATE_CONFLICT where
 * it could not be read now either.
 */
export async function retryDeadLetter(
  brokers: Brokers,
  { letter, record }: Found,
  knowsSchema: (id: number) => Promise<boolean>,
): Promise<{ readonly topic: string }> {
  const { stream, schemaId, broker, offset } = letter
  const refuse = (why: string): never => {
    throw new ApiError('API_STATE_CONFLICT', `The dead letter ${offset} of “${broker}” is not sent again: ${why}.`)
  }
  if (stream === undefined) return refuse('it names no stream of this system as its source')
  if (schemaId === null || record.value === null) return refuse('it is no packet: its first bytes are no frame')
  if (!(await knowsSchema(schemaId)))
    return refuse(`the registry still has no schema ${schemaId} that can be read; register it first`)
  const headers = record.headers.filter(([name]) => !name.startsWith('skysieve-'))
  await brokers.append(HUB, {
    topic: stream.topic,
    value: record.value,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, value ?? Buffer.alloc(0)])),
  })
  return { topic: stream.topic }
}
