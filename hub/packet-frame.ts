// A packet as it travels: Confluent's frame (a zero byte, the schema id, big-endian) in front of the Avro bytes of one alert.
import { HubError } from './errors.ts'

const MAGIC = 0
/** Bytes in front of the Avro body. */
export const FRAME_BYTES = 5
const MAX_SCHEMA_ID = 0x7fff_ffff

export interface Frame {
  readonly schemaId: number
  /** A view of the packet's own memory, not a copy. */
  readonly body: Buffer
}

/** Puts the frame in front of an Avro body. Throws RangeError where the id is none (0 to 2^31 - 1). */
export const framePacket = (schemaId: number, body: Uint8Array): Buffer => {
  if (!Number.isInteger(schemaId) || schemaId < 0 || schemaId > MAX_SCHEMA_ID)
    throw new RangeError(`Schema id ${schemaId} does not fit the frame; it is an integer from 0 to ${MAX_SCHEMA_ID}`)
  const packet = Buffer.allocUnsafe(FRAME_BYTES + body.length)
  packet[0] = MAGIC
  packet.writeUInt32BE(schemaId, 1)
  packet.set(body, FRAME_BYTES)
  return packet
}

/** Splits a packet. Throws HubError HUB_PACKET_EMPTY, HUB_PACKET_MAGIC or HUB_PACKET_SHORT. */
export const readFrame = (packet: Buffer): Frame => {
  if (packet.length === 0)
    throw new HubError('HUB_PACKET_EMPTY', 'The record is empty; an alert packet has a 5-byte frame and an Avro body')
  if (packet[0] !== MAGIC)
    throw new HubError(
      'HUB_PACKET_MAGIC',
      `The packet begins with 0x${packet.toString('hex', 0, 1)} instead of 0x00; the producer has to send Confluent's wire format`,
    )
  if (packet.length <= FRAME_BYTES)
    throw new HubError(
      'HUB_PACKET_SHORT',
      `The packet has ${packet.length} bytes; the 5-byte frame has to be followed by an Avro body`,
    )
  return { schemaId: packet.readUInt32BE(1), body: packet.subarray(FRAME_BYTES) }
}
