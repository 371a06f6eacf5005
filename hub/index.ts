// The public surface of the hub. One section per part; each part keeps its own lines.

// Packets, streams, errors
export { HUB_ERRORS, HubError, type HubErrorCode } from './errors.ts'
export { LONG_TEXT, longOf } from './long-text.ts'
export { FRAME_BYTES, framePacket, readFrame, type Frame } from './packet-frame.ts'
export {
  DEFAULT_STREAM,
  parseStream,
  STREAMS,
  StreamSchema,
  TIME_SCALES,
  type Stream,
  type TimeScale,
} from './streams.ts'

// Avro
export { assembleSchema } from './avro/schema/assemble-schema.ts'
export {
  type Batch,
  type Column,
  type ColumnKind,
  type ColumnSet,
  type ListBatch,
  type ListColumns,
} from './avro/columns/batch.ts'
export { BATCH_LIMITS } from './avro/columns/batch-memory.ts'
export {
  type AlertKey,
  type BatchBuilder,
  type BatchBuilderOptions,
  openBatchBuilder,
} from './avro/cursor/batch-builder.ts'
export { type Container, readContainer } from './avro/decode/container-reader.ts'
export { containerWriter, type ContainerWriter } from './avro/decode/container-writer.ts'
export { type Field, fieldsOf, offerOf } from './avro/columns/fields.ts'
export { type Merged, mergeFields } from './avro/columns/merge-fields.ts'
export { type AvroSchema } from './avro/schema/node.ts'
export { decodeAlert, encodeAlert } from './avro/decode/decode-alert.ts'
export { rememberSchemas } from './avro/schema/schema-cache.ts'
export { canonicalText, parseSchema } from './avro/schema/parse-schema.ts'

// Views for people
export { alertJson, pickFields } from './view/alert-json.ts'
export { COLORMAPS, type Colormap } from './view/colormap.ts'
export { isGzipped, plainFits, readFits, type FitsImage, type FitsUnit } from './view/read-fits.ts'
export { CUTOUTS, cutoutOf, historyOf, type CutoutName } from './view/alert-parts.ts'
export { renderPng, type PngOptions } from './view/render-png.ts'
export { STRETCHES, type Stretch } from './view/stretch.ts'

// Kafka
export { type BrokerAccess, type BrokerTimeouts } from './kafka/broker-access.ts'
export { platformaticLogin } from './kafka/login-settings.ts'
export { checkUserName, type UserQuota } from './kafka/admin/users-and-quotas.ts'
export { type AclMatch, type AclOperation, type AclResource, type Grant } from './kafka/admin/acls.ts'
export { type GroupListing } from './kafka/admin/groups.ts'
export { type OffsetQuery, type Offsets } from './kafka/admin/offsets.ts'
export { type TopicConfigs, type TopicDescription, type TopicShape, type TopicSpec } from './kafka/admin/topics.ts'
export { openAdmin, type ClusterAdmin } from './kafka/admin/open-admin.ts'
export { saltPassword, type SaltedPassword } from './kafka/admin/scram-password.ts'
export { collectRarely } from './kafka/gc-flags.ts'
export { PACKET_ENV } from './kafka/malloc-env.ts'
export { watchDeadMembers } from './kafka/consume/dead-members.ts'
export { type GroupMember, type GroupMemberOptions, openGroupMember } from './kafka/consume/group-member.ts'
export { openKafka, type KafkaLogLine, type KafkaOptions } from './kafka/consume/kafkajs-client.ts'
export {
  batchEnd,
  batchRecords,
  type FetchedBatch,
  type LogRecord,
  visibleBatches,
} from './kafka/consume/committed-records.ts'
export { openLogReader, type LogPage, type LogReader, type LogReaderOptions } from './kafka/consume/log-reader.ts'
export { type FetchedPartition, type FetchLimits, openTopicLog, type TopicLog } from './kafka/consume/topic-log.ts'
export { MAX_REQUEST_BYTES, messageBytes, type Message } from './kafka/produce/messages.ts'
export { openQueue } from './kafka/serial-queue.ts'
export {
  type Acknowledged,
  openProducer,
  type Producer,
  type ProducerOptions,
  type Transaction,
} from './kafka/produce/producer.ts'

// Broker
export { startBroker, type Broker } from './broker/start-broker.ts'
export { startCell, type CellMember, type CellOptions } from './broker/start-cell.ts'
export { clusterId } from './broker/format-storage.ts'
export { type JavaProcess, startJavaProcess } from './broker/java-process.ts'
export { boundToParent, brokerCommand, javaEnvironment, type Command } from './broker/broker-command.ts'
export { type OutsideListener, type Tls } from './broker/settings.ts'
export { brokerFault } from './broker/log-fault.ts'
export { prepareBroker } from './broker/prepare-broker.ts'
export { awaitBroker, type AwaitOptions } from './broker/await-broker.ts'
export {
  ADMIN_USER,
  adminAccess,
  ALERT_FLUSH_MS,
  BROKER_USER,
  brokerFiles,
  type BrokerSettings,
  CELL_TIMEOUTS,
} from './broker/settings.ts'

// Certificates
export { certificateIn, lifeOf } from './certificates/certificate-life.ts'
export { rereadCertificates } from './certificates/reread-certificates.ts'
export { pkcs12Of } from './certificates/pkcs12.ts'
export { newServerKey, requestCertificate, serverTls, signRequest } from './certificates/certificates.ts'
export { openTlsListener, type TlsListener, type TlsListenerOptions } from './certificates/tls-listener.ts'

// Control topics
export {
  CLOCK_PARTITIONS,
  CLOCK_TOPIC,
  clockTime,
  clockTopic,
  type ClockOptions,
  type RunningClock,
  startClock,
} from './control-topics/clock.ts'
export { openControlLog, type ControlLog, type ControlLogOptions } from './control-topics/control-log.ts'
export {
  openControlWriter,
  type ControlRecord,
  type ControlWriter,
  type ControlWriterOptions,
} from './control-topics/control-writer.ts'
export { type Change as ControlChange } from './control-topics/compacted-map.ts'

// Registry
export {
  openRegistry,
  REGISTRY_TRANSACTIONAL_ID,
  type Registry,
  type RegistryCheck,
  type RegistryOptions,
} from './registry/registry.ts'
export { awaitSchemas, type AwaitSchemaOptions, type SchemaOf } from './registry/client/await-unknown-schema.ts'
export { openRegistryClient, type RegistryClient, type SchemaText } from './registry/client/registry-client.ts'
export { openSchemaStore, type SchemaStore, type SchemaStoreOptions } from './registry/client/schemas-from-topic.ts'
export { syncSchemas, type SyncedSchema, type SyncOptions } from './registry/client/sync-survey-schemas.ts'

// Archive
export { openArchive, type Archive, type ArchivedPacket } from './archive/store/archive-reader.ts'
export { type IncarnationOptions, HUB_DEAD_LETTERS } from './archive/ingest/archiver-incarnation.ts'
export { ARCHIVE_TOPIC, archiverTransactionalId } from './archive/ingest/archiver-positions.ts'
export { type Archiver, type ArchiverOptions, startArchiver } from './archive/ingest/archiver.ts'
export { type ArchiveMetrics, archiveMetrics } from './archive/ingest/metrics.ts'
export { backFill, type BackFilled, type BackFillOptions } from './archive/repair/back-fill.ts'
export { openFileStore } from './archive/store/file-store.ts'
export { type PacketFeed } from './kafka/consume/commit-batches.ts'
export { reindexArchive, type Reindexed, type ReindexOptions } from './archive/repair/reindex.ts'
export { type Verified, verifyArchive, type VerifyOptions } from './archive/repair/verify-archive.ts'
export { packetKey, packetsPrefix, schemaKey } from './archive/store/object-keys.ts'
export { openSkyIndex, type ConeQuery, type SkyIndex, type SkyPage, type SkyRow } from './archive/index/sky-index.ts'
export { ArchiveSettings, indexFile, openStore } from './archive/store/open-store.ts'
export { type ArchiveStore } from './archive/store/store-interface.ts'

// Notices
export {
  alertUri,
  decodeNotice,
  encodeNotice,
  FIRST_NOTICE_SCHEMA,
  type Notice,
  NOTICE_SCHEMA,
  noticeOf,
  noticesSubject,
  noticesTopic,
} from './notices/notice.ts'

// Upstream
export { type SurveyTopic, type UpstreamState } from './upstream/advance-progress.ts'
export { checkUpstream, type CheckedUpstream } from './upstream/check-upstream.ts'
export { upstreamMetrics, type UpstreamMetrics } from './upstream/metrics.ts'
export { startUpstream, type Upstream, type UpstreamOptions } from './upstream/upstream.ts'
export { lookAtSurvey, type ReadFrom } from './upstream/upstream-incarnation.ts'
export {
  UPSTREAM_TRANSACTIONAL_IDS,
  type UpstreamGap,
  UPSTREAMS_TOPIC,
  upstreamsTopic,
} from './upstream/upstream-progress.ts'
export {
  parseUpstream,
  UPSTREAM_NAME,
  upstreamAccess,
  UpstreamSettings,
  usualFormat,
} from './upstream/upstream-settings.ts'

// Simulator
export { EXAMPLE_ANSWERS, type AnswerAlert, type AnswerSheet, type AnswerSource } from './synthetic/example-answers.ts'
export { openRandom, type Random } from './synthetic/random.ts'
export { type SyntheticAlert } from './synthetic/alerts.ts'
export { SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from './synthetic/schemas/rubin-schema.ts'
export { openSchemaPackets, type SchemaPackets } from './synthetic/schema-packets.ts'
export { ZTF_SCHEMA } from './synthetic/schemas/ztf-schema.ts'
export { type KnownVisit, knownVisit } from './simulator/known-visit.ts'
export { openSyntheticSource, type SyntheticPacket, type SyntheticSource } from './synthetic/source.ts'
export { answersOf, answersPath, writeAnswers } from './simulator/answer-sheet.ts'
export { createStream, type Created, type CreateOptions } from './simulator/create-stream.ts'
export { identify, type Identity } from './simulator/identify-alert.ts'
export {
  fileVisits,
  repeatedVisit,
  syntheticVisits,
  type PacketSource,
  type SourceVisit,
} from './simulator/packet-source.ts'
export {
  readPacketFolder,
  folderVisits,
  type PacketFolder,
  type FolderSchemas,
  type FolderVisit,
} from './simulator/packet-folder.ts'
export {
  MAX_PACKET_BYTES,
  playStream,
  type Played,
  type PlayedVisit,
  type PlayOptions,
} from './simulator/play-stream.ts'
export { describePacket, printStream, type PrintOptions, type PrintSource } from './simulator/print-stream.ts'
export { openVisitNumbers, type VisitNumbers } from './simulator/visit-numbers.ts'

// Measurements
export { medianOf, quantileOf, type Spread, spreadOf } from './quantiles.ts'
