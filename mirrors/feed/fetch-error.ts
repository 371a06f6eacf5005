// What an error of the Kafka client means for the feed: end with a clear message, look at the partition's ends, or try again. Pure.
import { MirrorError } from '../errors.ts'

/** A position that the log does not have. */
export interface OutOfRange {
  readonly partition: number
}

/** The error itself and what caused it, outermost first. kafkajs wraps up to three times. */
const chain = (error: unknown): Record<string, unknown>[] => {
  const found: Record<string, unknown>[] = []
  for (let one = error; typeof one === 'object' && one !== null && found.length < 10;) {
    found.push(one as Record<string, unknown>)
    one = (one as { cause?: unknown }).cause
  }
  return found
}

const REFUSED = new Set(['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED', 'SASL_AUTHENTICATION_FAILED'])
const REFUSED_NAMES = new Set(['KafkaJSSASLAuthenticationError'])
const CODEC_CODES = new Set(['HUB_CODEC', 'Z_DATA_ERROR', 'Z_BUF_ERROR', 'ERR_OUT_OF_RANGE'])

/** The partition whose position is out of range, if that is what the error says. */
export const outOfRange = (error: unknown): OutOfRange | undefined => {
  const found = chain(error).find(
    ({ type, partition }) => type === 'OFFSET_OUT_OF_RANGE' && typeof partition === 'number',
  )
  return found === undefined ? undefined : { partition: found['partition'] as number }
}

/** Whether the broker does not know the topic (deleted, or not yet made). */
export const isUnknownTopic = (error: unknown): boolean =>
  chain(error).some(({ type }) => type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'INVALID_TOPIC_EXCEPTION')

/** The error to end with, where trying again does not help; undefined for anything that may pass (a broker that restarts, a new leader). */
export const fatalFetchError = (error: unknown, topic: string, user: string): MirrorError | undefined => {
  const all = chain(error)
  const own = all.find(one => one instanceof MirrorError)
  if (own instanceof MirrorError) return own
  if (all.some(({ type, name }) => REFUSED.has(String(type)) || REFUSED_NAMES.has(String(name))))
    return new MirrorError(
      'MIRROR_FEED_READ',
      `The broker refuses ${user} the reading of ${topic}: ${String(all[0]?.['message'])}. The user needs READ and DESCRIBE on it and the right password`,
      { cause: error },
    )
  if (all.some(({ code, name }) => CODEC_CODES.has(String(code)) || name === 'KafkaJSNotImplemented'))
    return new MirrorError(
      'MIRROR_FEED_CORRUPT',
      `Records of ${topic} cannot be taken apart: ${String(all[0]?.['message'])}. Look at the log segment with kafka-dump-log; known codecs are gzip, snappy, lz4, zstd`,
      { cause: error },
    )
  return undefined
}
