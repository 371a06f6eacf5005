// The one error class of this folder. Whatever goes wrong here is ours or the survey's, never a filter author's.

/** Every code and what it means. One line each; a new code goes under the heading of the part that throws it. */
export const HUB_ERRORS = {
  // Packets
  HUB_PACKET_EMPTY: 'The record has no bytes.',
  HUB_PACKET_MAGIC: 'The first byte is not the 0 of the Confluent frame.',
  HUB_PACKET_SHORT: 'The record is too short for a frame and an alert.',
  // Streams
  HUB_STREAM_INVALID: 'The definition of a stream is not valid.',
  // Avro: schemas and containers
  HUB_SCHEMA_INVALID: 'A text is not an Avro schema this system can read.',
  HUB_SCHEMA_FIELD: 'A schema lacks a field its stream needs, or has it in an unusable type.',
  HUB_CONTAINER_INVALID: 'A file is not a readable Avro object container file.',
  // Avro: bytes of an alert
  HUB_AVRO_TRUNCATED: 'The bytes end before the alert does.',
  HUB_AVRO_TRAILING: 'The alert ends before the bytes do.',
  HUB_AVRO_LENGTH: 'A length or count in the bytes is negative or too large.',
  HUB_AVRO_UNION: 'A union in the bytes names a branch its schema lacks.',
  HUB_AVRO_VARINT: 'An integer in the bytes is longer than its type allows.',
  HUB_AVRO_VALUE: 'A boolean, an enum or a text in the bytes has a value its type lacks.',
  HUB_AVRO_DEPTH: 'Records in the bytes are nested deeper than is read.',
  // Avro: alerts
  HUB_ALERT_NO_ID: 'The alert has no id, no visit, or one that is not an integer.',
  HUB_ALERT_TOO_LARGE: 'One alert alone passes the limits of a batch.',
} as const

export type HubErrorCode = keyof typeof HUB_ERRORS

/** What this folder throws. `code` is stable; `message` says what, where, why and what to do next. */
export class HubError extends Error {
  override readonly name = 'HubError'
  readonly code: HubErrorCode

  constructor(code: HubErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
