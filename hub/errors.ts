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
  // Views for people
  HUB_FIELD_UNKNOWN: 'A schema has no field of a name that was asked for.',
  HUB_FITS_INVALID: 'Bytes are no FITS file that can be read.',
  HUB_CUTOUT_INVALID: 'A cutout of an alert is no image.',
  // Kafka clients and administration
  HUB_UNREACHABLE: 'A broker does not answer.',
  HUB_NOT_AUTHORIZED: 'A broker refuses a user, or refuses it what it asked for.',
  HUB_NOT_SUPPORTED: 'A cluster does not do what it was asked for, whoever asks.',
  HUB_TOPIC_UNKNOWN: 'A topic does not exist.',
  HUB_TOPIC_DIFFERS: 'A topic exists with other partitions or another clean-up than asked for.',
  HUB_MESSAGE_TOO_LARGE: 'A message is larger than its topic takes.',
  HUB_SEND_FAILED: 'Messages could not be written.',
  HUB_FENCED: 'Another producer with the same transactional id has taken over.',
  HUB_TRANSACTION_EXPIRED: 'A transaction took longer than it may, and the broker has ended it.',
  HUB_COMMIT_UNKNOWN: 'Whether a transaction was committed is not known.',
  HUB_USER_RESERVED: 'The name of a user is reserved or not a valid one.',
  HUB_ADMIN_FAILED: 'An administrative request failed.',
  HUB_OFFSET_GONE: 'A log no longer contains an offset.',
  HUB_CODEC: 'A compressed batch cannot be read.',
  // Control topics
  HUB_CONTROL_RECORD: 'A record of a control topic cannot be read.',
  HUB_CONTROL_CLOSED: 'A control log was closed while it was waited for.',
  // Broker
  HUB_BROKER_PREREQUISITE: 'Java or the jars of Kafka are missing.',
  HUB_BROKER_PORT: 'A port of a broker is in use.',
  HUB_BROKER_DISK: 'The disk of a broker is full or fails.',
  HUB_BROKER_FORMAT: 'The storage of a broker could not be formatted.',
  HUB_BROKER_SECRETS: 'The secrets are not those the storage of a broker was formatted with.',
  HUB_BROKER_EXITED: 'A broker ended by itself.',
  HUB_BROKER_NOT_READY: 'A broker did not become ready in time.',
  // Certificates
  HUB_CERTIFICATE_REQUEST: 'A request for a certificate cannot be signed.',
  HUB_CERTIFICATE_NOT_SERVED: 'A broker does not take a new certificate while it runs.',
  HUB_TLS_LISTENER: 'An address for other machines cannot be listened at.',
  // Archive
  HUB_ARCHIVE_WRITE: 'The archive cannot be written to.',
  HUB_ARCHIVE_READ: 'The archive cannot be read.',
  HUB_ARCHIVE_INDEX: 'The index of the archive is missing or cannot be used.',
  // Upstream
  HUB_UPSTREAM_SETTINGS: 'The settings of an upstream are not valid.',
  // Simulator
  HUB_PACKET_FILE_INVALID: 'A file is not a whole file of packets.',
  HUB_PACKET_TREE_EMPTY: 'A folder has no packets to play.',
  HUB_PLAY_STATE_INVALID: 'The record of the visits already played cannot be read.',
  HUB_REGISTRY_REFUSED: 'The schema registry refuses a request.',
  HUB_REGISTRY_UNREACHABLE: 'The schema registry does not answer.',
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
