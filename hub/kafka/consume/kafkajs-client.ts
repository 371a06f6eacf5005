// In: how to reach a broker. Out: a kafkajs client for consumers in groups, which reads all compressions. Producing goes through
// ../produce/producer.ts; topic-log.ts reads at positions without a group, group-member.ts is in a group without reading.
import { Kafka, logLevel, type logCreator, type RetryOptions } from 'kafkajs'
import { type BrokerAccess } from '../broker-access.ts'
import { kafkajsLogin } from '../login-settings.ts'
import { installCodecs } from './compression-codecs.ts'

/** A line of kafkajs' own log; WARN and above reach it. */
export interface KafkaLogLine {
  readonly level: 'error' | 'warn'
  readonly clientId: string
  readonly message: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface KafkaOptions {
  /** Where kafkajs' warnings and errors go; nowhere by default, as every failure is also thrown or an event. */
  readonly log?: (line: KafkaLogLine) => void
  readonly retry?: RetryOptions
}

/** Short first waits (a coordinator that loads answers within milliseconds), then at most 1 s; about 20 s in all. */
const RETRY: RetryOptions = { initialRetryTime: 10, factor: 0, multiplier: 1.7, maxRetryTime: 1000, retries: 25 }

const creator =
  (clientId: string, log: NonNullable<KafkaOptions['log']>): logCreator =>
  () =>
  ({ level, log: { message, timestamp: _time, logger: _logger, stack: _stack, ...detail } }) => {
    if (level === logLevel.ERROR || level === logLevel.WARN)
      log({ level: level === logLevel.ERROR ? 'error' : 'warn', clientId, message, detail })
  }

const ignore = (): void => undefined

let isQuiet = false

/** kafkajs 2.2.4 sets timers of a negative length, of which Node warns once a process. They do no harm, and no reader of messages need know. */
const silenceTimerWarning = (): void => {
  if (isQuiet) return
  isQuiet = true
  for (const print of process.listeners('warning')) {
    process.removeListener('warning', print)
    process.on('warning', warning => {
      if (warning.name !== 'TimeoutNegativeWarning') print(warning)
    })
  }
}

/** A kafkajs client, reading gzip, snappy, lz4 and zstd. Connects to nothing until used. */
export const openKafka = (access: BrokerAccess, clientId: string, options: KafkaOptions = {}): Kafka => {
  installCodecs()
  silenceTimerWarning()
  return new Kafka({
    clientId,
    ...kafkajsLogin(access),
    retry: options.retry ?? RETRY,
    logLevel: logLevel.WARN,
    logCreator: creator(clientId, options.log ?? ignore),
  })
}
