// Maintenance of the archive (verify, fill, reindex) as BullMQ jobs: one at a time, with progress, seen and ended from any instance.
// In: orders of administrators. Out: the leader's worker runs archive/maintenance.ts; the job of a worker that died is begun again by the next.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq'
import { type FastifyBaseLogger } from 'fastify'
import { type Redis } from 'ioredis'
import { type MaintenanceOrder, type Progress } from '../archive/maintenance.ts'
import { ApiError } from '../errors.ts'
import { openPatientRedis, type RedisAccess } from './redis.ts'

const NAME = 'archive'
const PREFIX = 'skysieve'
const LOCK_MS = 30_000
const STALLED_EVERY_MS = 10_000
const ATTEMPTS = 3
/** Finished jobs that are kept to be looked at. */
const KEPT = 200
/** Progress is written, and an order to end looked for, this often. */
const TICK_MS = 1000
const PATIENCE_MS = 2000

export const JOB_STATES = ['waiting', 'active', 'done', 'failed', 'cancelled'] as const
type JobState = (typeof JOB_STATES)[number]

export interface ArchiveJob extends MaintenanceOrder {
  readonly id: string
  readonly state: JobState
  readonly progress: Progress | undefined
  readonly result: object | undefined
  /** Why it failed. */
  readonly reason: string | undefined
  readonly createdAt: Date
  readonly startedAt: Date | undefined
  readonly endedAt: Date | undefined
}

type Order = MaintenanceOrder & { readonly isCancelled?: boolean }
export type RunMaintenance = (
  order: MaintenanceOrder,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
) => Promise<object>

/** Every call but `work` throws ApiError API_QUEUE_DOWN while Redis is away. */
export interface ArchiveJobs {
  /** Maintenance of one kind that waits or runs for the same stream is not begun twice: its job is answered. */
  add(order: MaintenanceOrder): Promise<ArchiveJob>
  /** Newest first. */
  list(): Promise<ArchiveJob[]>
  get(id: string): Promise<ArchiveJob | undefined>
  /** Ends it where it stands; what it did stays. Undefined where there is none. */
  cancel(id: string): Promise<ArchiveJob | undefined>
}

export interface ArchiveQueue extends ArchiveJobs {
  /** Takes jobs until closed, one at a time. */
  work(maintain: RunMaintenance): { close(): Promise<void> }
  close(): Promise<void>
}

/** Opens the queue; it does not wait for Redis. `redis` tells quickly whether that is there. */
export function openArchiveQueue(access: RedisAccess, redis: Redis, log: FastifyBaseLogger): ArchiveQueue {
  const onError = (error: Error): void => log.debug({ err: error }, 'the queue of archive jobs')
  const patient = openPatientRedis(access, onError)
  const queue = new Queue<Order, object>(NAME, { connection: patient, prefix: PREFIX })
  queue.on('error', onError)

  const away = (): ApiError =>
    new ApiError('API_QUEUE_DOWN', 'Jobs wait for Redis, which does not answer. Try again in a few seconds.')
  const promptly = async <T>(work: () => Promise<T>): Promise<T> => {
    const isThere = await redis.ping().then(
      () => true,
      () => false,
    )
    if (!isThere) throw away()
    const late = sleep(PATIENCE_MS, undefined, { ref: false }).then((): never => {
      throw away()
    })
    return Promise.race([work(), late])
  }

  return {
    add: order =>
      promptly(async () => {
        const options = {
          jobId: randomUUID(),
          attempts: ATTEMPTS,
          backoff: { type: 'exponential', delay: 2000 },
          removeOnComplete: { count: KEPT },
          removeOnFail: { count: KEPT },
          deduplication: { id: `${order.chore}/${order.stream}` },
        }
        const { id } = await queue.add(order.chore, order, options)
        const job = await queue.getJob(id ?? '')
        if (!job) throw away()
        return view(job)
      }),
    list: () =>
      promptly(async () => {
        const jobs = await queue.getJobs(['waiting', 'active', 'delayed', 'completed', 'failed'], 0, 2 * KEPT)
        return (await Promise.all(jobs.map(view))).toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
      }),
    get: id =>
      promptly(async () => {
        const job = await queue.getJob(id)
        return job && view(job)
      }),
    cancel: id =>
      promptly(async () => {
        const job = await queue.getJob(id)
        if (!job) return undefined
        // Whoever works on it looks for this; one that waits is taken up only to be ended.
        if (job.finishedOn === undefined) await job.updateData({ ...job.data, isCancelled: true })
        return view(job)
      }),
    work(maintain) {
      const connection = openPatientRedis(access, onError)
      const closing = new AbortController()
      const worker = new Worker<Order, object>(NAME, job => run(queue, job, maintain, closing.signal), {
        connection,
        prefix: PREFIX,
        concurrency: 1,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_EVERY_MS,
      })
      worker.on('error', onError)
      worker.on('failed', (job, error) =>
        log.warn({ job: job?.id, chore: job?.name, err: error }, 'an archive job failed'),
      )
      return {
        async close() {
          closing.abort(new Error('this instance stops or leads no more'))
          // Its lock expires, and the next worker begins the job again.
          await Promise.race([worker.close(true).catch(onError), sleep(PATIENCE_MS, undefined, { ref: false })])
          connection.disconnect()
        },
      }
    },
    async close() {
      await Promise.race([queue.close().catch(onError), sleep(PATIENCE_MS, undefined, { ref: false })])
      patient.disconnect()
    },
  }
}

const CANCELLED = 'cancelled'

async function run(
  queue: Queue<Order, object>,
  job: Job<Order>,
  maintain: RunMaintenance,
  closing: AbortSignal,
): Promise<object> {
  const ended = new AbortController()
  const signal = AbortSignal.any([closing, ended.signal])
  let progress: Progress | undefined
  const over = new AbortController()
  const pause = AbortSignal.any([signal, over.signal])
  const attend = async (): Promise<void> => {
    while (!pause.aborted) {
      const now = await queue.getJob(job.id ?? '').catch(() => undefined)
      if (now?.data.isCancelled) ended.abort(new Error(CANCELLED))
      if (progress !== undefined) await job.updateProgress({ ...progress }).catch(() => undefined)
      await sleep(TICK_MS, undefined, { signal: pause, ref: false }).catch(() => undefined)
    }
  }
  const attending = attend()
  try {
    if (job.data.isCancelled) throw new UnrecoverableError(CANCELLED)
    const result = await maintain(job.data, now => (progress = now), signal)
    over.abort()
    if (progress !== undefined) await job.updateProgress({ ...progress }).catch(() => undefined)
    return result
  } catch (error) {
    if (ended.signal.aborted) throw new UnrecoverableError(CANCELLED)
    throw error
  } finally {
    over.abort()
    await attending
  }
}

const dateOf = (ms: number | undefined): Date | undefined => (ms === undefined ? undefined : new Date(ms))

/** The state that belongs to the fields that were read: a job may end between two questions. */
async function stateOf(job: Job<Order, object>): Promise<string> {
  if (job.finishedOn !== undefined) return (job.returnvalue as object | null) === null ? 'failed' : 'completed'
  const now = await job.getState()
  return now === 'completed' || now === 'failed' ? 'active' : now
}

async function view(job: Job<Order, object>): Promise<ArchiveJob> {
  const { chore, stream, by } = job.data
  const state = await stateOf(job)
  const failed = job.failedReason === CANCELLED ? 'cancelled' : 'failed'
  const states: Record<string, JobState> = { active: 'active', completed: 'done', failed }
  return {
    id: job.id ?? '',
    chore,
    stream,
    by,
    state: states[state] ?? 'waiting',
    progress: typeof job.progress === 'object' ? (job.progress as Progress) : undefined,
    result: state === 'completed' ? job.returnvalue : undefined,
    reason: state === 'failed' ? job.failedReason : undefined,
    createdAt: new Date(job.timestamp),
    startedAt: dateOf(job.processedOn),
    endedAt: dateOf(job.finishedOn),
  }
}
