// In: records of a survey's topic, as received. Out: messages for the hub's alert topic in the same order, and dead letters for what cannot be one.
import { HubError } from '../errors.ts'
import { type ReceivedPacket } from '../kafka/consume/commit-batches.ts'
import { type Message, messageBytes } from '../kafka/produce/messages.ts'
import { readFrame } from '../packet-frame.ts'
import { type EmbeddedSchemas } from './embedded-schemas.ts'
import { frameContainer } from './frame-container.ts'

/** Of a message with its key and headers: what the alert topics take (DMTN-093: 10 MB), without a record batch's own bytes. */
export const MAX_MESSAGE_BYTES = 10_485_760 - 200
/** Kafka takes no record that is more than an hour ahead, by the clock of its broker. */
const MAX_AHEAD_MS = 3_540_000

export type UpstreamPacket = ReceivedPacket & { readonly partition: number }

export interface Converted {
  readonly messages: readonly Message[]
  readonly letters: readonly Message[]
  /** Of both, in requests. */
  readonly bytes: number
}

/** Makes messages of one packet. Throws HubError where it is none. */
export type Convert = (packet: UpstreamPacket) => readonly Message[] | Promise<readonly Message[]>

export interface ConvertOptions {
  /** The hub's alert topic, and how many partitions it has. */
  readonly topic: string
  readonly partitions: number
  /** The survey's. */
  readonly source: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Its own time where Kafka takes it, so that copies are searched by time as the originals are. */
const timeOf = ({ timestampMs }: UpstreamPacket, nowMs: number): { readonly timestampMs?: number } =>
  timestampMs < 0 || timestampMs > nowMs + MAX_AHEAD_MS ? {} : { timestampMs }

const placeOf = (source: string, { partition, offset }: UpstreamPacket): string => `${source}-${partition}-${offset}`

/** Packets that go on as they came: bytes, key, headers and time, in the order of their partition. */
export const copyPackets =
  ({ topic, partitions, now }: ConvertOptions): Convert =>
  packet => {
    const { key, value, headers, partition } = packet
    return [{ topic, partition: partition % partitions, key: key ?? null, value, headers, ...timeOf(packet, now()) }]
  }

/** Containers, each made into its packets. A header names the record that a packet came in, and its place there. */
export const framePackets =
  ({ topic, partitions, source, now }: ConvertOptions, schemas: EmbeddedSchemas): Convert =>
  async packet => {
    const { key, headers, partition } = packet
    const framed = await frameContainer(packet.value, schemas)
    return framed.map((value, at) => ({
      topic,
      partition: partition % partitions,
      key: key ?? null,
      value,
      headers: { ...headers, 'skysieve-source': `${placeOf(source, packet)}-${at}` },
      ...timeOf(packet, now()),
    }))
  }

/** What comes of one record. Rejects with what is no packet's fault, such as the end of this process. */
export const convertPacket = async (
  packet: UpstreamPacket,
  convert: Convert,
  letterOf: (packet: UpstreamPacket, error: HubError) => Message,
): Promise<Converted> => {
  try {
    const messages = await convert(packet)
    const sizes = messages.map(messageBytes)
    const largest = Math.max(0, ...sizes)
    if (largest > MAX_MESSAGE_BYTES)
      throw new HubError(
        'HUB_MESSAGE_TOO_LARGE',
        `The packet has ${largest} bytes with its headers; the hub takes packets of up to ${MAX_MESSAGE_BYTES} bytes`,
      )
    return { messages, letters: [], bytes: sizes.reduce((sum, size) => sum + size, 0) }
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    const letter = letterOf(packet, error)
    return { messages: [], letters: [letter], bytes: messageBytes(letter) }
  }
}

/** What becomes of a record that is no packet: its bytes and why, in the hub's topic of dead letters; not the bytes of one that no topic takes. */
export const deadLetter = (
  topic: string,
  upstream: string,
  source: string,
  packet: UpstreamPacket,
  error: HubError,
): Message => {
  const letter: Message = {
    topic,
    value: packet.value,
    headers: {
      ...packet.headers,
      'skysieve-reason': error.code,
      'skysieve-message': error.message,
      'skysieve-source': placeOf(source, packet),
      'skysieve-upstream': upstream,
    },
  }
  return messageBytes(letter) > MAX_MESSAGE_BYTES ? { ...letter, value: Buffer.alloc(0) } : letter
}

/** The schema ids that packets name; those of which the frame cannot be read name none. */
export const schemaIdsOf = (packets: readonly UpstreamPacket[]): ReadonlySet<number> => {
  const ids = new Set<number>()
  for (const { value } of packets)
    try {
      ids.add(readFrame(value).schemaId)
    } catch {
      // Whoever reads it will say so; here it goes on as it came.
    }
  return ids
}
