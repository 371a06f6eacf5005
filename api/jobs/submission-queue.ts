// The queue of submissions on BullMQ. A job is only a filter's id: everything else is in its manifest, which outlives Redis.
// In: ids of submitted filters. Out: the leader's worker processes each (leader/process-submission.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, type Job, Queue, Worker } from 'bullmq'
import { type FastifyBaseLogger } from 'fastify'
import { type Redis } from 'ioredis'
import { ApiError } from '../errors.ts'
import { type JobStage } from '../submissions/stage.ts'
import { openPatientRedis, openQuickRedis, type RedisAccess } from './redis.ts'

const NAME = 'submissions'
const PREFIX = 'skysieve'
/** A worker that died is noticed after this long and its job starts over. */
const LOCK_MS = 10_000
const STALLED_EVERY_MS = 5000
const ATTEMPTS = 5
const PATIENCE_MS = 2000
/** Far more than are processed at once: whose turn it is goes round by account, and nobody's jobs shall wait unseen behind another's. */
const AT_ONCE = 200
/** How long a job is put off: of an account that has enough waiting, or while no node can take the filter. */
const PUT_OFF_MS: Partial<Record<string, number>> = { API_RATE_LIMIT: 500, API_NODE_MISSING: 1000 }

interface Submission {
  readonly filter: string
  readonly stage?: JobStage
}

/** Rejects with ApiError API_RATE_LIMIT or API_NODE_MISSING where it is to be asked again later, and with anything else when our side failed. */
type Process = (filter: string, report: (stage: JobStage) => Promise<void>) => Promise<void>

/** What routes and the reconciler ask of the queue. */
export interface SubmissionJobs {
  /** @throws ApiError API_QUEUE_DOWN */
  requireReady(): Promise<void>
  /** Best effort: what gets lost here, the reconciler queues again from the manifests. */
  enqueue(filter: string): Promise<void>
  /** Where a submitted filter is, if the queue answers at once. */
  stage(filter: string): Promise<JobStage | undefined>
}

export interface SubmissionQueue extends SubmissionJobs {
  /** The connection for people's requests; the rate limit counts over it. */
  readonly redis: Redis
  /**
   * Forgets all jobs, those that a dead worker holds too: whoever begins to lead queues what is due from the manifests.
   * Does nothing once the signal has ended.
   */
  reset(signal?: AbortSignal): Promise<void>
  /** Takes jobs until closed. A process has at most one worker at a time. */
  work(process: Process): { close(): Promise<void> }
  /** Whether Redis answers, for /readyz. */
  isReady(): Promise<boolean>
  close(): Promise<void>
}

/** Opens the queue; it does not wait for Redis to be there. */
export function openSubmissionQueue(access: RedisAccess, log: FastifyBaseLogger): SubmissionQueue {
  let lastComplaint = ''
  const onError = ({ message }: Error): void => {
    if (message !== lastComplaint)
      log.warn({ redis: `${access.host}:${access.port}`, reason: message }, 'redis is away')
    lastComplaint = message
  }
  const redis = openQuickRedis(access, onError)
  redis.on('ready', () => (lastComplaint = ''))
  // BullMQ's first command must succeed, whenever that is: its connection waits, and callers do not wait for it.
  const patient = openPatientRedis(access, onError)
  const queue = new Queue<Submission>(NAME, { connection: patient, prefix: PREFIX })
  queue.on('error', onError)
  const isReady = (): Promise<boolean> =>
    redis.ping().then(
      answer => answer === 'PONG',
      () => false,
    )

  return {
    redis,
    isReady,
    async requireReady() {
      if (await isReady()) return
      const message =
        'Submissions wait for the job queue (Redis), which does not answer. Filters that are live go on; try again in a few seconds.'
      throw new ApiError('API_QUEUE_DOWN', message)
    },
    async enqueue(filter) {
      if (!(await isReady())) return
      const backoff = { type: 'exponential', delay: 1000 }
      const options = { jobId: filter, attempts: ATTEMPTS, backoff, removeOnComplete: true, removeOnFail: true }
      await orGiveUp(queue.add(NAME, { filter }, options).catch(onError))
    },
    async stage(filter) {
      if (!(await isReady())) return undefined
      const job = await orGiveUp(queue.getJob(filter).catch(() => undefined))
      return job?.data.stage ?? (job ? 'queued' : undefined)
    },
    async reset(signal) {
      if ((await isReady()) && !signal?.aborted) await orGiveUp(queue.obliterate({ force: true }).catch(onError))
    },
    work(process) {
      const connection = openPatientRedis(access, onError)
      const worker = new Worker<Submission>(
        NAME,
        async (job, token) => {
          const { filter } = job.data
          try {
            await process(filter, stage => report(job, { filter, stage }))
          } catch (error) {
            const offMs = error instanceof ApiError ? PUT_OFF_MS[error.code] : undefined
            if (offMs === undefined) throw error
            await job.moveToDelayed(Date.now() + offMs, token)
            throw new DelayedError()
          }
        },
        { connection, prefix: PREFIX, concurrency: AT_ONCE, lockDuration: LOCK_MS, stalledInterval: STALLED_EVERY_MS },
      )
      worker.on('error', onError)
      worker.on('failed', (job, error) =>
        log.warn({ filter: job?.data.filter, attempt: job?.attemptsMade, err: error }, 'submission failed'),
      )
      return {
        async close() {
          await orGiveUp(worker.close(true).catch(onError))
          connection.disconnect()
        },
      }
    },
    async close() {
      await orGiveUp(queue.close().catch(onError))
      redis.disconnect()
      patient.disconnect()
    },
  }
}

/** The outcome, or undefined when Redis went away meanwhile. */
const orGiveUp = <T>(outcome: Promise<T>): Promise<T | undefined> =>
  Promise.race([outcome, sleep(PATIENCE_MS, undefined, { ref: false })])

/** The stage is a courtesy to whoever waits; losing it changes nothing. */
const report = (job: Job<Submission>, data: Submission): Promise<void> => job.updateData(data).catch(() => undefined)
