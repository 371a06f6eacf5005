// What a line of MirrorMaker's log tells of its health. Pure. Kafka Connect says these things nowhere else in dedicated mode.

/** `replicating`: a task began to copy. `dead`: it will not copy again until the process is restarted. `refused`: a broker says no; silence follows. */
export interface MirrorMakerEvent {
  readonly kind: 'replicating' | 'dead' | 'refused'
  /** The line, and what to do where something is. */
  readonly text: string
}

const REPLICATING = /task-thread-MirrorSourceConnector-\d+ replicating \d+ topic-partitions/
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
const REFUSED =
  /(SaslAuthenticationException|Authentication failed|AuthorizationException|Not authorized to access|authorization failed)/i

/** The event a line tells of; undefined for the others. The complaint about MirrorCheckpointConnector at each start is harmless: it is off. */
export const mirrorMakerEvent = (line: string): MirrorMakerEvent | undefined => {
  const text = line.trim().slice(0, 500)
  if (line.includes('MirrorCheckpointConnector') || line.includes('MirrorHeartbeatConnector')) return undefined
  if (REPLICATING.test(line)) return { kind: 'replicating', text }
  if (DEAD.some(pattern => pattern.test(line))) return { kind: 'dead', text }
  if (REFUSED.test(line)) return { kind: 'refused', text }
  return undefined
}
