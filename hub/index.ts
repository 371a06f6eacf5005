// The public surface of the hub. One section per part; each part keeps its own lines.

// Packets, streams, errors
export { HUB_ERRORS, HubError, type HubErrorCode } from './errors.ts'
export { LONG_TEXT, longOf } from './long.ts'
export { FRAME_BYTES, framePacket, readFrame, type Frame } from './packet.ts'
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
export { assembleSchema } from './avro/assemble.ts'
export {
  type Batch,
  type Column,
  type ColumnKind,
  type ColumnSet,
  type ListBatch,
  type ListColumns,
} from './avro/batch.ts'
export { BATCH_LIMITS } from './avro/memory.ts'
export { type AlertKey, type BatchBuilder, type BatchBuilderOptions, openBatchBuilder } from './avro/builder.ts'
export { type Container, readContainer } from './avro/container.ts'
export { containerWriter, type ContainerWriter } from './avro/container-writer.ts'
export { type Field, fieldsOf, offerOf } from './avro/fields.ts'
export { type Merged, mergeFields } from './avro/merge-fields.ts'
export { type AvroSchema } from './avro/node.ts'
export { canonicalText, decodeAlert, encodeAlert, parseSchema } from './avro/schema.ts'

// Views for people
export { alertJson, pickFields } from './view/alert-json.ts'
export { COLORMAPS, type Colormap } from './view/colormap.ts'
export { isGzipped, plainFits, readFits, type FitsImage, type FitsUnit } from './view/fits.ts'
export { CUTOUTS, cutoutOf, historyOf, type CutoutName } from './view/parts.ts'
export { renderPng, type PngOptions } from './view/png.ts'
export { STRETCHES, type Stretch } from './view/stretch.ts'

// Kafka
export { type BrokerAccess } from './kafka/access.ts'
export { checkUserName, type UserQuota } from './kafka/admin-users.ts'
export { type AclMatch, type AclOperation, type AclResource, type Grant } from './kafka/admin-acls.ts'
export { type GroupListing } from './kafka/admin-groups.ts'
export { type OffsetQuery, type Offsets } from './kafka/admin-offsets.ts'
export { type TopicConfigs, type TopicDescription, type TopicSpec } from './kafka/admin-topics.ts'
export { openAdmin, type ClusterAdmin } from './kafka/admin.ts'
export { saltPassword, type SaltedPassword } from './kafka/scram.ts'
export { collectRarely } from './kafka/collect-rarely.ts'
export { PACKET_ENV } from './kafka/packet-env.ts'
export { openKafka, type KafkaLogLine, type KafkaOptions } from './kafka/client.ts'
export { type LogRecord } from './kafka/log-batches.ts'
export { openLogReader, type LogPage, type LogReader, type LogReaderOptions } from './kafka/log-reader.ts'
export { MAX_REQUEST_BYTES, messageBytes, type Message } from './kafka/messages.ts'
export { openQueue } from './kafka/queue.ts'
export { openProducer, type Producer, type ProducerOptions, type Transaction } from './kafka/producer.ts'

// Broker
export { startBroker, type Broker } from './broker/broker.ts'
export { type JavaChild, startJavaChild } from './broker/child.ts'
export { boundToParent, brokerCommand, javaEnvironment, type Command } from './broker/command.ts'
export { developmentTls, type Tls } from './broker/development-tls.ts'
export { brokerFault } from './broker/fault.ts'
export { prepareBroker } from './broker/prepare.ts'
export { awaitBroker, type AwaitOptions } from './broker/ready.ts'
export {
  ADMIN_USER,
  adminAccess,
  ALERT_FLUSH_MS,
  BROKER_USER,
  brokerFiles,
  type BrokerSettings,
} from './broker/settings.ts'

// Control topics
export {
  CLOCK_PARTITIONS,
  CLOCK_TOPIC,
  clockTime,
  clockTopic,
  type ClockOptions,
  type RunningClock,
  startClock,
} from './control/clock.ts'
export { openControlLog, type ControlLog, type ControlLogOptions } from './control/control-log.ts'
export {
  openControlWriter,
  type ControlRecord,
  type ControlWriter,
  type ControlWriterOptions,
} from './control/control-writer.ts'
export { type Change as ControlChange } from './control/replica.ts'

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
export { type LifeOptions, HUB_DEAD_LETTERS } from './archive/ingest/archiver-incarnation.ts'
export { ARCHIVE_TOPIC, archiverTransactionalId } from './archive/ingest/archiver-positions.ts'
export { type Archiver, type ArchiverOptions, startArchiver } from './archive/ingest/archiver.ts'
export { type ArchiveMetrics, archiveMetrics } from './archive/ingest/metrics.ts'
export { backFill, type BackFilled, type BackFillOptions } from './archive/repair/back-fill.ts'
export { openFileStore } from './archive/store/file-store.ts'
export { type PacketFeed } from './archive/ingest/commit-batches.ts'
export { reindexArchive, type Reindexed, type ReindexOptions } from './archive/repair/reindex.ts'
export { type Verified, verifyArchive, type VerifyOptions } from './archive/repair/verify-archive.ts'
export { packetKey, packetsPrefix, schemaKey } from './archive/store/object-keys.ts'
export { openSkyIndex, type ConeQuery, type SkyIndex, type SkyPage, type SkyRow } from './archive/index/sky-index.ts'
export { ArchiveSettings, indexFile, openStore } from './archive/store/open-store.ts'
export { type ArchiveStore } from './archive/store/store-interface.ts'

// Notices
export { alertUri, decodeNotice, type Notice, NOTICE_SCHEMA, noticesSubject, noticesTopic } from './notices/notice.ts'

// Simulator
export { EXAMPLE_ANSWERS, type AnswerAlert, type AnswerSheet, type AnswerSource } from './synthetic/answers.ts'
export { openRandom, type Random } from './synthetic/random.ts'
export { type SyntheticAlert } from './synthetic/alerts.ts'
export { SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from './synthetic/schema.ts'
export { openSchemaPackets, type SchemaPackets } from './synthetic/schema-packets.ts'
export { ZTF_SCHEMA } from './synthetic/ztf-schema.ts'
export { type KnownVisit, knownVisit } from './synthetic/known-visit.ts'
export { openSyntheticSource, type SyntheticPacket, type SyntheticSource } from './synthetic/source.ts'
export { answersOf, answersPath, writeAnswers } from './simulator/answer-sheet.ts'
export { createStream, type Created, type CreateOptions } from './simulator/create.ts'
export { identify, type Identity } from './simulator/identify.ts'
export {
  fileVisits,
  repeatedVisit,
  syntheticVisits,
  type PacketSource,
  type SourceVisit,
} from './simulator/packet-source.ts'
export {
  readPacketTree,
  rememberSchemas,
  treeVisits,
  type PacketTree,
  type TreeSchemas,
  type TreeVisit,
} from './simulator/packet-tree.ts'
export { MAX_PACKET_BYTES, playStream, type Played, type PlayedVisit, type PlayOptions } from './simulator/play.ts'
export { describePacket, printStream, type PrintOptions, type PrintSource } from './simulator/print.ts'
export { openVisitNumbers, type VisitNumbers } from './simulator/visit-numbers.ts'
