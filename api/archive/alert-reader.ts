// An archived packet as what it holds: unzipped, taken out of its frame, decoded by the archived schema.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type Archive, type AvroSchema, decodeAlert, HubError, readFrame, rememberSchemas } from '#hub'
import { ApiError } from '../errors.ts'

const unzip = promisify(gunzip)
/** Kafka here takes packets of 10 MB; the rest is room for those of other systems. */
const MAX_PACKET_BYTES = 64 * 1024 * 1024

interface FramedAlert {
  readonly schemaId: number
  readonly schema: AvroSchema
  /** Avro bytes. */
  readonly body: Buffer
}

interface ReadAlert extends FramedAlert {
  readonly alert: Record<string, unknown>
}

export interface AlertReader {
  /** The Avro bytes within a gzipped packet. Throws ApiError API_ALERT_UNREADABLE, HubError HUB_ARCHIVE_READ. */
  framed(packet: Buffer): Promise<FramedAlert>
  /** The alert within a gzipped packet; 64-bit integers are bigint. Throws as `framed` does. */
  decoded(packet: Buffer): Promise<ReadAlert>
}

export function openAlertReader(archive: Pick<Archive, 'schema'>): AlertReader {
  const schemaOf = rememberSchemas(archive.schema)

  const readable = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read()
    } catch (cause) {
      if (cause instanceof ApiError || (cause instanceof HubError && cause.code.startsWith('HUB_ARCHIVE_'))) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      const message = `The archived packet cannot be read: ${why}. Ask for it without a format to get its bytes as they came.`
      throw new ApiError('API_ALERT_UNREADABLE', message, { cause })
    }
  }
  const framed = (packet: Buffer): Promise<FramedAlert> =>
    readable(async () => {
      const { schemaId, body } = readFrame(await unzip(packet, { maxOutputLength: MAX_PACKET_BYTES }))
      const schema = await schemaOf(schemaId)
      if (schema === undefined) throw new Error(`the archive has no schema ${schemaId}`)
      return { schemaId, schema, body }
    })
  return {
    framed,
    decoded: packet =>
      readable(async () => {
        const found = await framed(packet)
        return { ...found, alert: decodeAlert(found.schema, found.body) }
      }),
  }
}
