// What a line of MirrorMaker's log tells of its health. Pure. Kafka Connect says these things nowhere else in dedicated mode.

/** A partition of the hub. */
interface Place {
  readonly topic: string
  readonly partition: number
}

/**
 * `replicating`: a task began to copy these partitions. `ended`: a task was stopped here, as it moves or is started anew. `joined`: it has its share of the
 * tasks, which may be none. `dead`: it will not copy again until the process is restarted. `refused`: a broker says no; silence follows.
 * `out-of-range`: a partition of the hub no longer has the record that is due. `position`: where a partition is read on, for that or another reason.
 */
export type MirrorMakerEvent =
  | {
      readonly kind: 'joined' | 'dead' | 'refused'
      /** The line, and what to do where something is. */
      readonly text: string
    }
  | {
      readonly kind: 'replicating'
      readonly text: string
      readonly task: number
      readonly partitions: readonly Place[]
    }
  | { readonly kind: 'ended'; readonly text: string; readonly task: number }
  | {
      readonly kind: 'out-of-range' | 'position'
      readonly text: string
      readonly topic: string
      readonly partition: number
      readonly offset: bigint
    }

const REPLICATING =
  /task-thread-MirrorSourceConnector-(?<task>\d+) replicating \d+ topic-partitions [^:]*: \[(?<places>[^\]]*)\]/
const ENDED = /Stopping task-thread-MirrorSourceConnector-(?<task>\d+) took/
const JOINED = /Joined group at generation \d+ .* and got assignment/
const PLACE = /^(?<topic>.+)-(?<partition>\d+)$/
const DEAD = [
  // A failed task is not restarted, and there is no public REST to see or restart it with.
  /Task threw an uncaught and unrecoverable exception/,
  /Failed to configure MirrorSourceConnector/,
  // With quotes the herder says it too, of a start that it has itself replaced by the next one because the configuration was written again.
  /Failed to start connector MirrorSourceConnector/,
  /MirrorSourceConnector\} Error (initializing|while starting) connector/,
  /Unexpected error while trying to start connector MirrorSourceConnector/,
  /MirrorSourceConnector.*(Connector failed|has failed)/,
  /Uncaught exception in herder work thread, exiting/,
  /Failed to find any class that implements Connector/,
]
/** Of Kafka's consumer (FetchCollector, SubscriptionState): it starts again at the first record there is. */
const OUT_OF_RANGE =
  /Fetch position FetchPosition\{offset=(?<offset>\d+),.* is out of range for partition (?<topic>[\w.-]+)-(?<partition>\d+)\b/
const POSITION =
  /Resetting offset for partition (?<topic>[\w.-]+)-(?<partition>\d+) to position FetchPosition\{offset=(?<offset>\d+),/
const REFUSED =
  /(SaslAuthenticationException|Authentication failed|AuthorizationException|Not authorized to access|authorization failed)/i

/** The event a line tells of; undefined for the others. The complaint about MirrorCheckpointConnector at each start is harmless: it is off. */
export const mirrorMakerEvent = (line: string): MirrorMakerEvent | undefined => {
  const text = line.trim().slice(0, 500)
  if (line.includes('MirrorCheckpointConnector') || line.includes('MirrorHeartbeatConnector')) return undefined
  const [outOfRange, position] = [placeOf(OUT_OF_RANGE, line), placeOf(POSITION, line)]
  if (outOfRange !== undefined) return { kind: 'out-of-range', text, ...outOfRange }
  if (position !== undefined) return { kind: 'position', text, ...position }
  const { task: begun, places = '' } = REPLICATING.exec(line)?.groups ?? {}
  if (begun !== undefined) return { kind: 'replicating', text, task: Number(begun), partitions: placesOf(places) }
  if (JOINED.test(line)) return { kind: 'joined', text }
  const { task: ended } = ENDED.exec(line)?.groups ?? {}
  if (ended !== undefined) return { kind: 'ended', text, task: Number(ended) }
  if (DEAD.some(pattern => pattern.test(line))) return { kind: 'dead', text }
  if (REFUSED.test(line)) return { kind: 'refused', text }
  return undefined
}

const placesOf = (list: string): readonly Place[] =>
  list.split(', ').flatMap(text => {
    const { topic, partition } = PLACE.exec(text)?.groups ?? {}
    return topic === undefined || partition === undefined ? [] : { topic, partition: Number(partition) }
  })

const placeOf = (pattern: RegExp, line: string) => {
  const { topic, partition, offset } = pattern.exec(line)?.groups ?? {}
  if (topic === undefined || partition === undefined || offset === undefined) return undefined
  return { topic, partition: Number(partition), offset: BigInt(offset) }
}
