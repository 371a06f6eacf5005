// Public surface of filters.
export * from './manifest.ts'
export {
  openSources,
  sha256,
  sourceBytes,
  sourceKey,
  sourceRecord,
  SourceRecord,
  type Sources,
  SOURCES_TOPIC,
} from './sources.ts'
export { checkSource, type CheckOptions, MAX_SOURCE_CHARS, type SourceCheck } from './check/check-source.ts'
export * from './trial/examples.ts'
export { heldAnnotationsWarning } from './check/held-annotations-warning.ts'
export { type Problem, ProblemCode } from './check/parse/problem.ts'
export { columnsOffered, columnsRead, type Field } from './check/fields/columns-read.ts'
export { DEFAULT_LIMITS, fileNameOf, programOf, type ProgramOptions } from './check/sandbox-program.ts'
export { builtInSchema, openSamples, sampleOf, type Samples, syntheticSample } from './trial/sample.ts'
export { FairQueue } from './check/fair-queue.ts'
export { openSourceChecker, type SourceChecker } from './check/source-checker.ts'
export { nearNames } from './check/fields/near-names.ts'
export { streamFields } from './check/fields/stream-fields.ts'
export { type Match, type Trial, type TrialOptions, type TrialPacket, trialRun } from './trial/trial-run.ts'

// The engine
export { FILTER_ERRORS, FilterError, type FilterErrorCode } from './errors.ts'
export { filterMetrics, type FilterMetrics } from './metrics.ts'
export { PROGRESS_TOPIC, visitKey } from './progress/keys.ts'
export { decodeVisit } from './progress/records.ts'
export {
  DEAD_LETTERS_TOPIC,
  LOGS_TOPIC,
  OVER_CAP_TOPIC,
  SHARDS_TOPIC,
  STATUS_TOPIC,
  statusTopicOf,
} from './publish/topics.ts'
export { type MachineReport } from './worker/report-values.ts'
export { WORKER_NODE_FLAGS } from './worker/node-js-flags.ts'
export { openWorker, type Worker, type WorkerHealth, type WorkerOptions } from './worker/open-worker.ts'
export { workerAcls, workerUser, type WorkerAcls } from './worker/worker-acls.ts'
export { openNodeManifests, type ManifestSource, type NodeManifests } from './membership/node-manifests.ts'

// Benches
export { startBenchDocker } from './bench/worker/docker-engine.ts'
export { benchSource } from './bench/worker/bench-filters.ts'
export { cpuSeconds, descendants } from './bench/worker/process-usage.ts'
