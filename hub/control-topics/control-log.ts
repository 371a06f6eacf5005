// In: a compacted topic of one partition with JSON values. Out: a map that follows it: replayed to the end the topic had when it was opened, then kept up
// to date, through restarts of the broker and through a topic that was made anew. Whoever decides on what a log says opens the writer
// (control-writer.ts), then calls `catchUp`, then decides.
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { kafkaFailure } from '../kafka/client-errors.ts'
import { type LogPage, openLogReader } from '../kafka/consume/log-reader.ts'
import { type Change, openCompactedMap, type ParseRecord } from './compacted-map.ts'

export interface ControlLogOptions<T> {
  readonly access: BrokerAccess
  readonly topic: string
  /** 0 where absent. */
  readonly partition?: number
  readonly clientId: string
  /** What a record's bytes mean. Where it throws, the record is reported and its key keeps its value. */
  readonly parse: ParseRecord<T>
  /** Called with what the replay found, in the topic's order of keys, and then with every change. Must not throw. */
  readonly onChange?: (change: Change<T>) => void
  /** A record that cannot be read, or a broker that does not answer (once for each outage); nowhere by default. */
  readonly onProblem?: (problem: HubError) => void
  /** Closes the log. */
  readonly signal?: AbortSignal
}

export interface ControlLog<T> {
  readonly topic: string
  get: (key: string) => T | undefined
  entries: () => IterableIterator<[string, T]>
  readonly size: number
  /** Calls `listener` with every later change, in the topic's order; answers how to stop that. */
  onChange: (listener: (change: Change<T>) => void) => () => void
  /** Resolves when everything that was written before the call has been read. Rejects when the log is closed first. */
  catchUp: () => Promise<void>
  /** Why the log is not up to date; undefined while it is. */
  problem: () => string | undefined
  close: () => Promise<void>
}

/** A record ends the waiting. */
const WAIT_MS = 5000
/** Between two looks at a transaction that is open. */
const REPLAY_WAIT_MS = 1000
/** How long a replay waits for the end of a transaction that is open. */
const OPEN_TRANSACTION_MS = 3000
const MIN_PAUSE_MS = 100
const MAX_PAUSE_MS = 2000

/** Opens a control log and replays it. A broker that does not answer is waited for and reported; throws any other HubError of the first replay. */
export const openControlLog = async <T>(options: ControlLogOptions<T>): Promise<ControlLog<T>> => {
  const { access, topic, partition = 0, clientId, parse, onProblem = () => undefined } = options
  const reader = openLogReader(access, { clientId, topic, partition })
  const closing = new AbortController()
  const signal = AbortSignal.any([closing.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const replica = openCompactedMap(topic, parse, onProblem)
  const listeners = new Set<(change: Change<T>) => void>(options.onChange === undefined ? [] : [options.onChange])
  const waiters = new Set<{ readonly offset: bigint; readonly resolve: () => void }>()
  let position = 0n
  let topicId: string | undefined
  let outage: HubError | undefined

  const announce = (changes: readonly Change<T>[]): void => {
    for (const change of changes)
      for (const listener of listeners)
        try {
          listener(change)
        } catch (error) {
          // A fault of the listener's, not an outage: it shall be seen, and the other listeners served.
          queueMicrotask(() => {
            throw error
          })
        }
  }

  const moveTo = (page: LogPage): void => {
    position = page.next
    topicId = page.topicId
    for (const waiter of waiters)
      if (waiter.offset <= position) {
        waiters.delete(waiter)
        waiter.resolve()
      }
  }

  /**
   * From the beginning to the end as it is now. A commit that was just acknowledged becomes readable within moments; a transaction that a dead
   * writer has left open does only when its successor comes, which may be waiting for this very replay.
   */
  const replay = async (): Promise<void> => {
    const end = await reader.end()
    let page = await reader.read('earliest', 0)
    const records = [...page.records]
    const openSinceMs = performance.now()
    while (page.next < page.end || (page.next < end && performance.now() - openSinceMs < OPEN_TRANSACTION_MS)) {
      signal.throwIfAborted()
      page = await reader.read(page.next, REPLAY_WAIT_MS)
      records.push(...page.records)
    }
    announce(replica.restart(records))
    moveTo(page)
  }

  const readOn = async (): Promise<void> => {
    // That an outage is over shall not be known only when something new comes.
    const page = await reader.read(position, outage === undefined ? WAIT_MS : 0).catch((error: unknown) => {
      if (error instanceof HubError && error.code === 'HUB_OFFSET_GONE') return undefined
      throw error
    })
    if (page === undefined || page.topicId !== topicId) return replay()
    announce(replica.take(page.records))
    moveTo(page)
  }

  let pauseMs = MIN_PAUSE_MS
  const over = (): void => {
    outage = undefined
    pauseMs = MIN_PAUSE_MS
  }
  /** Reports an outage once, and waits longer each time it goes on. */
  const endure = async (problem: HubError): Promise<void> => {
    if (outage === undefined) onProblem(problem)
    outage = problem
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
  }

  const begin = async (): Promise<void> => {
    for (;;)
      try {
        await replay()
        return over()
      } catch (error) {
        if (signal.aborted || !(error instanceof HubError) || error.code !== 'HUB_UNREACHABLE') throw error
        await endure(error)
      }
  }

  const follow = async (): Promise<void> => {
    while (!signal.aborted)
      try {
        await readOn()
        over()
      } catch (error) {
        if (signal.aborted) break
        await endure(kafkaFailure(`Following ${topic}`, error, 'HUB_UNREACHABLE'))
      }
  }

  const closed = (): HubError => new HubError('HUB_CONTROL_CLOSED', `The log of ${topic} was closed`)

  try {
    await begin()
  } catch (error) {
    await reader.close()
    throw error
  }
  const following = follow()
  let done: Promise<void> | undefined
  const close = (): Promise<void> => {
    done ??= (async () => {
      closing.abort(closed())
      await reader.close()
      await following
    })()
    return done
  }
  options.signal?.addEventListener('abort', () => void close())

  return {
    topic,
    get: key => replica.values.get(key),
    entries: () => new Map(replica.values).entries(),
    get size() {
      return replica.values.size
    },
    onChange: listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    catchUp: async () => {
      const offset = await reader.end().catch((error: unknown) => {
        throw signal.aborted ? closed() : error
      })
      if (offset <= position) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const waiter = { offset, resolve }
      waiters.add(waiter)
      const refuse = (): void => reject(closed())
      signal.addEventListener('abort', refuse)
      if (signal.aborted) refuse()
      try {
        await promise
      } finally {
        waiters.delete(waiter)
        signal.removeEventListener('abort', refuse)
      }
    },
    problem: () => outage?.message,
    close,
  }
}
