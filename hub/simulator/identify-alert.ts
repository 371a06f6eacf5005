// Which survey a decoded alert is of, and its id, visit and time by that survey's configuration. For tools: the hot path has the cursor.
import { HubError } from '../errors.ts'
import { type Stream, STREAMS, TIME_SCALES } from '../streams.ts'

export interface Identity {
  readonly stream: Stream
  readonly alertId: bigint
  readonly visit: bigint
  /** Milliseconds since 1970; undefined where the packet has no time. */
  readonly timeMs?: number
}

/** The value at a dotted path; undefined where a record on the way is missing or null. */
export const valueAt = (alert: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null) return undefined
    return new Map(Object.entries(value)).get(name)
  }, alert)

const integerAt = (alert: unknown, path: string): bigint | undefined => {
  const value = valueAt(alert, path)
  return typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(Number(value)) : undefined
}

const inStream = (alert: unknown, stream: Stream): Identity | undefined => {
  const alertId = stream.alertId.map(path => integerAt(alert, path)).find(id => id !== undefined)
  const exposure = integerAt(alert, stream.visit.path)
  if (alertId === undefined || exposure === undefined) return undefined
  const visit = stream.visit.divideBy === undefined ? exposure : exposure / stream.visit.divideBy
  for (const { path, scale } of stream.timeMs) {
    const time = valueAt(alert, path)
    if (typeof time === 'number') return { stream, alertId, visit, timeMs: TIME_SCALES[scale](time) }
  }
  return { stream, alertId, visit }
}

/** Identifies an alert by the first stream whose fields it has. Throws HubError HUB_ALERT_NO_ID. */
export const identify = (alert: unknown, streams: readonly Stream[] = Object.values(STREAMS)): Identity => {
  for (const stream of streams) {
    const identity = inStream(alert, stream)
    if (identity !== undefined) return identity
  }
  const wanted = streams.map(({ name, alertId, visit }) => `${alertId.join(' or ')} and ${visit.path} (${name})`)
  throw new HubError('HUB_ALERT_NO_ID', `The alert has no integers at ${wanted.join(', nor at ')}`)
}
