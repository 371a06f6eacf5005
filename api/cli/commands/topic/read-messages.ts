// Messages of a topic as lines of JSON or as one report, read as any subscriber would: SCRAM, own group, committed records only.
import { openKafka } from '#hub'
import type { IHeaders, KafkaMessage } from 'kafkajs'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { openReadingStats } from './reading-stats.ts'
import type { KafkaUser } from '../../connection/profiles.ts'
import type { Session } from '../../connection/session.ts'

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
}

const SESSION_MS = 10_000
const RETRIES = { initialRetryTime: 200, retries: 8 }

/** Prints until the limit, the idle time, Ctrl-C or the end of `signal`; then a summary to stderr. */
export async function readMessages(request: ReadRequest, { out }: Session, signal: AbortSignal): Promise<void> {
  const { topic, user, limit = Infinity, idle } = request
  if (limit < 1) return
  const groupId = request.group ?? user
  const kafka = openKafka(request, `skysieve-cli-${user}`, { retry: RETRIES })
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: SESSION_MS,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 500,
  })
  const stats = request.stats === true ? openReadingStats() : undefined
  const done = Promise.withResolvers<void>()
  const stop = (): void => done.resolve()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  let count = 0
  let last = Date.now()
  const idleCheck = setInterval(() => idle !== undefined && Date.now() - last > idle * 1000 && stop(), 200)
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) done.reject(payload.error)
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: request.from === 'earliest' })
    await consumer.run({
      eachBatchAutoResolve: false,
      eachBatch: async taken => {
        const { batch } = taken
        for (const message of batch.messages) {
          if (!taken.isRunning() || taken.isStale() || count >= limit) break
          if (stats === undefined) out.line(deliveryOf(message, batch.partition))
          else
            stats.add({
              partition: batch.partition,
              offset: BigInt(message.offset),
              value: message.value ?? Buffer.alloc(0),
              producedMs: Number(message.timestamp),
              receivedMs: Date.now(),
            })
          taken.resolveOffset(message.offset)
          count += 1
          last = Date.now()
        }
        await taken.heartbeat()
        if (count >= limit) stop()
      },
    })
    await done.promise
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CliError(
      'CLI_KAFKA_FAILED',
      EXIT.ourFault,
      `Reading ${topic} on ${request.bootstrap} as ${user} failed: ${why}.`,
      { cause },
    )
  } finally {
    clearInterval(idleCheck)
    await consumer.disconnect().catch(() => undefined)
  }
  if (stats) {
    const report = stats.report()
    out.result(report, () => JSON.stringify(report, null, 2))
  }
  out.progress(`${count} messages read from ${topic}`)
  if (request.expectMatch && count === 0)
    throw new CliError('CLI_NO_MATCH', EXIT.noMatch, `Nothing arrived on ${topic}.`)
}

/** What a line holds: the well-known headers by name, all of them again under `headers`, and where it lay. */
function deliveryOf(
  { offset, value, headers = {}, timestamp }: KafkaMessage,
  partition: number,
): Record<string, unknown> {
  const texts = textsOf(headers)
  const position = texts['skysieve-position']
  return {
    alert: texts['skysieve-alert'] ?? null,
    visit: texts['skysieve-visit'] ?? null,
    position: position === undefined ? null : Number(position),
    filter: texts['skysieve-filter'] ?? null,
    bytes: value?.length ?? 0,
    partition,
    offset,
    time: new Date(Number(timestamp)).toISOString(),
    headers: texts,
  }
}

function textsOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = Array.isArray(value) ? value.at(-1) : value
      return first === undefined ? [] : [[name, first.toString()]]
    }),
  )
}
