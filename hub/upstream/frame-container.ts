// One Avro object container file of a survey, made into packets as this system has them: each datum as its writer wrote it, behind the frame that names
// the embedded schema's id.
import { readContainer } from '../avro/decode/container-reader.ts'
import { HubError } from '../errors.ts'
import { framePacket } from '../packet-frame.ts'
import { type EmbeddedSchemas } from './embedded-schemas.ts'

/** Of all datums together, decompressed: three packets of the largest size, or a whole field of small ones. They are one transaction. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_DATUMS = 10_000

/**
 * The packets of a container, in its order. Throws HubError with the reason where any of it cannot be read, or has a schema that the registry does not
 * take; then none of it is a packet.
 */
export const frameContainer = async (file: Buffer, schemas: EmbeddedSchemas): Promise<Buffer[]> => {
  const { parse } = schemas
  const { schemaJson, datums } = readContainer(file, { maxBytes: MAX_BYTES, maxDatums: MAX_DATUMS, parse })
  if (datums.length === 0) throw new HubError('HUB_CONTAINER_INVALID', 'The file has no datums')
  const id = await schemas.idOf(schemaJson)
  return datums.map(datum => framePacket(id, datum))
}
