// Messages of a topic as lines of JSON or as one report, read as any subscriber would: SCRAM, own group, committed records only; from all brokers that have it.
import { setTimeout as sleep } from 'node:timers/promises'
import { openKafka } from '#hub'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import type { KafkaUser } from '../../connection/profiles.ts'
import type { Session } from '../../connection/session.ts'
import { deliveryOf } from './delivery-line.ts'
import { openPrintedOffsets } from './printed-offsets.ts'
import { openReadingStats } from './reading-stats.ts'
import type { TopicSource } from './topic-sources.ts'

/** How much is read, from where, and how it is shown. */
export interface ReadOptions {
  readonly limit?: number
  readonly from: 'earliest' | 'latest'
  readonly group?: string
  /** Seconds without a delivery after which to stop. */
  readonly idle?: number
  readonly expectMatch?: boolean
  /** One report at the end instead of a line for each message. */
  readonly stats?: boolean
}

export interface ReadRequest extends KafkaUser, ReadOptions {
  readonly topic: string
  /** Where the topic is now, the present broker first; asked again and again, because a filter may move while it is read. */
  readonly sources: () => Promise<readonly TopicSource[]>
}

const SESSION_MS = 10_000
const RETRIES = { initialRetryTime: 200, retries: 8 }
/** How often it is asked whether the topic has moved. What was delivered meanwhile is read from its beginning there. */
const LOOK_MS = 10_000

/** Prints until the limit, the idle time, Ctrl-C or the end of `signal`; then a summary to stderr. */
export async function readMessages(request: ReadRequest, session: Session, signal: AbortSignal): Promise<void> {
  const { topic, limit = Infinity, idle, expectMatch = false } = request
  const { out } = session
  if (limit < 1) return
  const stats = request.stats === true ? openReadingStats() : undefined
  const done = Promise.withResolvers<void>()
  const ending = new AbortController()
  const stop = (): void => done.resolve()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const isNew = openPrintedOffsets()
  let count = 0
  let last = Date.now()
  const idleCheck = setInterval(() => idle !== undefined && Date.now() - last > idle * 1000 && stop(), 200)

  const take = async (taken: EachBatchPayload, { mirror, bootstrap }: TopicSource): Promise<void> => {
    const { partition, messages } = taken.batch
    for (const message of messages) {
      if (!taken.isRunning() || taken.isStale() || count >= limit) break
      const place = `${bootstrap}/${partition}`
      taken.resolveOffset(message.offset)
      if (stats === undefined) {
        // After a connection was lost in the midst of a batch, all of that is read again.
        if (!isNew(place, BigInt(message.offset))) continue
        out.line(deliveryOf(message, partition, mirror))
      } else
        stats.add({
          partition: place,
          offset: BigInt(message.offset),
          value: message.value ?? Buffer.alloc(0),
          producedMs: Number(message.timestamp),
          receivedMs: Date.now(),
        })
      count += 1
      last = Date.now()
    }
    await taken.heartbeat()
    if (count >= limit) stop()
  }
  const following = followSources(request, take, text => out.progress(text), ending.signal)
  try {
    await Promise.race([done.promise, following.failed])
  } finally {
    clearInterval(idleCheck)
    ending.abort()
    await following.closed()
  }
  if (stats) {
    const report = stats.report()
    out.result(report, () => JSON.stringify(report, null, 2))
  }
  out.progress(`${count} messages read from ${topic}`)
  if (expectMatch && count === 0) throw new CliError('CLI_NO_MATCH', EXIT.noMatch, `Nothing arrived on ${topic}.`)
}

/** Reads every source there is, and those that come; `failed` rejects when the present one cannot be read. */
function followSources(
  request: ReadRequest,
  take: (taken: EachBatchPayload, source: TopicSource) => Promise<void>,
  tell: (text: string) => void,
  signal: AbortSignal,
): { readonly failed: Promise<never>; readonly closed: () => Promise<void> } {
  const { topic, user } = request
  const failed = Promise.withResolvers<never>()
  const open = new Map<string, Consumer>()
  /** Brokers that have let the user in. */
  const answered = new Set<string>()
  const fail = async (source: TopicSource, cause: unknown): Promise<void> => {
    if (signal.aborted) return
    const consumer = open.get(source.bootstrap)
    await consumer?.disconnect().catch(() => undefined)
    // Its place in the map stays taken until the next look, which tries it again.
    const why = cause instanceof Error ? cause.message : String(cause)
    const what = `Reading ${topic} on ${source.bootstrap} as ${user} failed: ${why}.`
    const [present] = await request.sources()
    const isPresent = present?.bootstrap === source.bootstrap
    // A node to which the filter has gone may be away just then, or for as long as a reader follows.
    if (isPresent && !(isPassing(cause) && answered.size > 0))
      failed.reject(new CliError('CLI_KAFKA_FAILED', EXIT.ourFault, what, { cause }))
    else tell(`${what} ${isPresent ? 'It' : 'The filter has left that node; it'} is tried again.`)
    open.delete(source.bootstrap)
  }
  const follow = async (): Promise<void> => {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const sources = await request.sources()
      for (const source of sources) {
        if (open.has(source.bootstrap) || signal.aborted) continue
        if (!isFirst || source.until !== undefined)
          tell(`${topic} is on ${source.mirror ?? source.bootstrap} too, which is read as well`)
        const consumer = consumerOf(request, source)
        consumer.on(consumer.events.GROUP_JOIN, () => answered.add(source.bootstrap))
        open.set(source.bootstrap, consumer)
        // What is found later has only what was delivered since.
        const fromBeginning = request.from === 'earliest' || (!isFirst && source.until === undefined)
        begin(consumer, { topic, fromBeginning, take: taken => take(taken, source) }, cause => void fail(source, cause))
      }
      for (const [bootstrap, consumer] of open)
        if (!sources.some(source => source.bootstrap === bootstrap)) {
          open.delete(bootstrap)
          await consumer.disconnect().catch(() => undefined)
        }
      // Nothing else moves.
      if (!topic.startsWith('filter.')) return
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  const following = follow().catch((error: unknown) => failed.reject(error))
  failed.promise.catch(() => undefined)
  return {
    failed: failed.promise,
    closed: async () => {
      await following
      await Promise.all([...open.values()].map(consumer => consumer.disconnect().catch(() => undefined)))
    },
  }
}

/** No answer, or one that says so: later it may be another. */
const isPassing = (cause: unknown): boolean =>
  cause instanceof Error &&
  (cause.name === 'KafkaJSNumberOfRetriesExceeded' || ('retriable' in cause && cause.retriable === true))

function consumerOf({ user, password, group }: ReadRequest, { bootstrap, security }: TopicSource): Consumer {
  const access = { user, password, bootstrap, ...(security.ca === undefined ? {} : { ca: security.ca }) }
  return openKafka(access, `skysieve-cli-${user}`, { retry: RETRIES }).consumer({
    groupId: group ?? user,
    sessionTimeout: SESSION_MS,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 500,
  })
}

/** Begins to read; `onFailure` is told once why it ended. */
function begin(
  consumer: Consumer,
  {
    topic,
    fromBeginning,
    take,
  }: {
    readonly topic: string
    readonly fromBeginning: boolean
    readonly take: (taken: EachBatchPayload) => Promise<void>
  },
  onFailure: (cause: unknown) => void,
): void {
  let hasFailed = false
  const failOnce = (cause: unknown): void => {
    if (!hasFailed) onFailure(cause)
    hasFailed = true
  }
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) failOnce(payload.error)
  })
  const run = async (): Promise<void> => {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning })
    await consumer.run({ eachBatchAutoResolve: false, eachBatch: take })
  }
  run().catch(failOnce)
}
