// The last value of each key of a compacted topic: the rules of replay and of following, without Kafka. Pure.
import { HubError } from '../errors.ts'
import { type LogRecord } from '../kafka/consume/committed-records.ts'

/** `value` is undefined where the key was deleted, `previous` where it is new. */
export interface Change<T> {
  readonly key: string
  readonly value: T | undefined
  readonly previous: T | undefined
}

/** `offset` is where the record lies. */
export type ParseRecord<T> = (value: Buffer, key: string, offset: bigint) => T

export interface CompactedMap<T> {
  readonly values: ReadonlyMap<string, T>
  /** Takes records in; answers what changed, in order. */
  take: (records: readonly LogRecord[]) => Change<T>[]
  /** Begins anew with what `records` holds, as the topic itself was made anew; answers the difference. */
  restart: (records: readonly LogRecord[]) => Change<T>[]
}

/** A record that cannot be parsed goes to `onProblem`, and its key keeps the value it had. */
export const openCompactedMap = <T>(
  topic: string,
  parse: ParseRecord<T>,
  onProblem: (problem: HubError) => void,
): CompactedMap<T> => {
  const values = new Map<string, T>()

  const parseOne = (value: Buffer, key: string, offset: bigint): { readonly parsed: T } | undefined => {
    try {
      return { parsed: parse(value, key, offset) }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const message = `Record "${key}" at offset ${offset} of ${topic} cannot be read and is ignored: ${why}`
      onProblem(new HubError('HUB_CONTROL_RECORD', message, { cause }))
      return undefined
    }
  }

  const takeOne = ({ key: rawKey, value, offset }: LogRecord): Change<T>[] => {
    if (rawKey === null) {
      onProblem(
        new HubError('HUB_CONTROL_RECORD', `The record at offset ${offset} of ${topic} has no key and is ignored`),
      )
      return []
    }
    const key = rawKey.toString()
    const previous = values.get(key)
    if (value === null) return values.delete(key) ? [{ key, value: undefined, previous }] : []
    const parsed = parseOne(value, key, offset)
    if (parsed === undefined) return []
    values.set(key, parsed.parsed)
    return [{ key, value: parsed.parsed, previous }]
  }

  return {
    values,
    take: records => records.flatMap(takeOne),
    restart: records => {
      const before = new Map(values)
      values.clear()
      for (const record of records) takeOne(record)
      const gone = [...before].filter(([key]) => !values.has(key))
      return [
        ...gone.map(([key, previous]) => ({ key, value: undefined, previous })),
        ...[...values].map(([key, value]) => ({ key, value, previous: before.get(key) })),
      ]
    },
  }
}
