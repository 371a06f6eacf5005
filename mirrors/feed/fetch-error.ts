// What an error of the hub's Kafka client means for the feed: end with a clear message, or try again. Pure.
import { HubError } from '#hub'
import { MirrorError } from '../errors.ts'

/** The first of an error and what caused it that is of this class, outermost first. */
const find = <T extends Error>(error: unknown, type: abstract new (...args: never[]) => T): T | undefined => {
  let one = error
  for (let depth = 0; depth < 10 && one instanceof Error; depth++) {
    if (one instanceof type) return one
    one = one.cause
  }
  return undefined
}

/** Whether the broker does not know the topic (deleted, or not yet made). */
export const isUnknownTopic = (error: unknown): boolean => find(error, HubError)?.code === 'HUB_TOPIC_UNKNOWN'

/** The error to end with, where trying again does not help; undefined for anything that may pass (a broker that restarts, a new leader). */
export const fatalFetchError = (error: unknown, topic: string, user: string): MirrorError | undefined => {
  const own = find(error, MirrorError)
  if (own !== undefined) return own
  const failure = find(error, HubError)
  if (failure?.code === 'HUB_NOT_AUTHORIZED')
    return new MirrorError(
      'MIRROR_FEED_READ',
      `The broker refuses ${user} the reading of ${topic}: ${failure.message}. The user needs READ and DESCRIBE on it and the right password`,
      { cause: error },
    )
  if (failure?.code === 'HUB_CODEC')
    return new MirrorError(
      'MIRROR_FEED_CORRUPT',
      `Records of ${topic} cannot be taken apart: ${failure.message}. Look at the log segment with kafka-dump-log; known codecs are gzip, snappy, lz4, zstd`,
      { cause: error },
    )
  return undefined
}
