// A worker as the benches run it: the hardened sandbox, manifests in memory, figures of the process around it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AvroSchema, type BrokerAccess, parseSchema, STREAMS } from '#hub'
import { openSandbox } from '#sandbox'
import pino from 'pino'
import { type Counter, type Histogram, Registry } from 'prom-client'
import { type Manifest } from '../../manifest.ts'
import { openWorker, type Worker } from '../../worker/open-worker.ts'
import { type BenchFilter, benchManifests, MIRROR } from './bench-filters.ts'
import { descendants } from './process-usage.ts'

export interface BenchWorkerOptions {
  readonly access: BrokerAccess
  /** Of the stream; its lane and its filters are in the progress topic. */
  readonly stream: string
  readonly topic: string
  /** By registry id, as JSON. */
  readonly schemas: Readonly<Record<number, string>>
  readonly filters: readonly BenchFilter[]
  /** All run by this worker, each reading the topic for its share of the filters. */
  readonly shards: number
  readonly jit: boolean
  /** Default `first`. */
  readonly policy?: 'first' | 'best'
  /** Socket of a Docker engine for filters in Python. */
  readonly engine?: string
}

export interface BenchWorker {
  readonly worker: Worker
  /** The manifest changes, as the mirrored control topic would bring it. */
  readonly put: (manifest: Manifest) => void
  readonly manifests: () => readonly Manifest[]
  /** The sum of a metric over the labels that pass; `suffix` chooses the series of a histogram. */
  readonly sum: (
    name: string,
    options?: { readonly suffix?: string; readonly filter?: (id: string) => boolean },
  ) => Promise<number>
  /** Closes the worker and its sandbox. */
  readonly close: () => Promise<void>
}

/** MB of memory that a process has resident, 0 when it is gone. */
export const rssMb = (pid: number): number => {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)
  } catch {
    return 0
  }
}

/** Isolate hosts of this process. */
export const hosts = (): number[] => descendants(process.pid)

/** Opens it; shards and filters come up within moments. */
export async function openBenchWorker({
  access,
  topic,
  shards,
  jit,
  ...task
}: BenchWorkerOptions): Promise<BenchWorker> {
  const stream = { ...STREAMS.lsst, name: task.stream, topic }
  const manifests = new Map(
    benchManifests(task.filters, stream.name, shards, task.policy).map(manifest => [manifest.id, manifest]),
  )
  const listeners = new Set<(filter: string) => void>()
  const schemas = new Map<number, AvroSchema>(
    Object.entries(task.schemas).map(([id, schema]) => [Number(id), parseSchema(schema)]),
  )
  const registry = new Registry()
  const log = pino({ level: 'warn' }, pino.destination(2))
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-bench-'))
  const { engine } = task
  const sandbox = await openSandbox({
    isolates: { dir: join(dir, 'isolates'), logger: log, defaults: { jit } },
    ...(engine === undefined
      ? {}
      : { containers: { engine, dir: join(dir, 'containers'), label: 'bench', logger: log } }),
  })
  const worker = await openWorker({
    mirror: MIRROR,
    shards,
    node: access,
    streams: [stream],
    sandbox,
    manifests: {
      get: id => manifests.get(id),
      entries: () => manifests.entries(),
      onChange: listener => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    schemas: { get: id => Promise.resolve(schemas.get(id)) },
    registry,
    log,
  })
  return {
    worker,
    put: manifest => {
      manifests.set(manifest.id, manifest)
      for (const listener of listeners) listener(manifest.id)
    },
    manifests: () => [...manifests.values()],
    sum: async (name, { suffix = '', filter = () => true } = {}) => {
      const metric = registry.getSingleMetric(name) as Counter | Histogram
      const { values } = await metric.get()
      return values
        .filter(value => suffix === '' || (value as { metricName?: string }).metricName?.endsWith(suffix))
        .filter(({ labels }) => filter((labels as { readonly filter?: string }).filter ?? ''))
        .reduce((sum, { value }) => sum + value, 0)
    },
    close: async () => {
      await worker.close()
      await sandbox.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
